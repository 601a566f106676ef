#include "base/cpu_limit.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "base/control_group.h"

namespace softac {

namespace {

using Path = std::filesystem::path;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

double quota_of(const Path& dir, bool v2) {
  std::optional<std::uint64_t> quota, period;
  if (v2) {
    const auto text = read_kernel_file(dir / "cpu.max");  // "200000 100000" or "max 100000"
    if (!text) return kNoLimit;
    quota = leading_number(*text);
    period = leading_number(std::string_view(*text).substr(std::min(text->find(' '), text->size())));
  } else {
    const auto quota_text = read_kernel_file(dir / "cpu.cfs_quota_us"),
               period_text = read_kernel_file(dir / "cpu.cfs_period_us");
    if (!quota_text || !period_text) return kNoLimit;
    quota = leading_number(*quota_text);  // −1 is no number here: no limit
    period = leading_number(*period_text);
  }
  if (!quota || !period || *quota == 0 || *period == 0) return kNoLimit;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

int affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int cpu_quota(const Path& root) {
  double least = kNoLimit;
  for_each_control_group(root, "cpu", [&](const Path& dir, bool v2) { least = std::min(least, quota_of(dir, v2)); });
  return least < 1e6 ? std::max(1, static_cast<int>(std::ceil(least))) : 0;
}

int usable_cores() {
  static const int cores = [] {
    const int quota = cpu_quota();
    return quota > 0 ? std::min(quota, affinity()) : affinity();
  }();
  return cores;
}

}  // namespace softac

#include "base/memory_limit.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "softac/error.h"

namespace softac {

using Path = std::filesystem::path;

namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// A file of the kernel's, whose size is not known before it is read.
std::optional<std::string> read_if_there(const Path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return {};
  return text.str();
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + first, text.data() + text.size(), value);
  if (error != std::errc{}) return {};
  return value;
}

// The number after "key" at the start of a line.
std::optional<std::uint64_t> field(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (line.starts_with(key)) return leading_number(line.substr(key.size()));
    at = end + 1;
  }
  return {};
}

std::optional<std::uint64_t> number_file(const Path& path) {
  const auto text = read_if_there(path);
  return text ? leading_number(*text) : std::nullopt;  // "max" is no number: no limit
}

// What one control group leaves of its limit.
std::uint64_t group_leaves(const Path& dir, const char* limit_name, const char* usage_name, const char* cache_name) {
  const auto limit = number_file(dir / limit_name);
  const auto usage = number_file(dir / usage_name);
  if (!limit || !usage) return kUnlimited;
  const auto stat = read_if_there(dir / "memory.stat");
  const std::uint64_t cache = stat ? field(*stat, cache_name).value_or(0) : 0;
  const std::uint64_t used = *usage - std::min(*usage, cache);
  return *limit - std::min(*limit, used);
}

// The same over a group and all its parents, from `mount` down to mount/group.
std::uint64_t hierarchy_leaves(const Path& mount, const Path& group, const char* limit_name, const char* usage_name,
                               const char* cache_name) {
  std::uint64_t least = group_leaves(mount, limit_name, usage_name, cache_name);
  Path dir = mount;
  for (const Path& part : group.relative_path()) {
    dir /= part;
    least = std::min(least, group_leaves(dir, limit_name, usage_name, cache_name));
  }
  return least;
}

}  // namespace

std::uint64_t available_memory(const Path& root) {
  std::uint64_t least = kUnlimited;
  if (const auto info = read_if_there(root / "proc/meminfo")) {
    if (const auto kib = field(*info, "MemAvailable:")) least = *kib * 1024;
  }
  // Lines "0::/group" (v2) and "N:memory:/group" (v1).
  const auto groups = read_if_there(root / "proc/self/cgroup");
  if (!groups) return least;
  std::istringstream lines(*groups);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const Path group = line.substr(second + 1);
    if (controllers.empty()) {
      least = std::min(
          least, hierarchy_leaves(root / "sys/fs/cgroup", group, "memory.max", "memory.current", "inactive_file "));
    } else if (controllers == "memory" || controllers.starts_with("memory,")) {
      least = std::min(least, hierarchy_leaves(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes",
                                               "memory.usage_in_bytes", "total_inactive_file "));
    }
  }
  return least;
}

ZeroPages::ZeroPages(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    throw MemoryError("the system refused " + bytes_text(bytes) + " of memory");
  }
  madvise(data_, bytes, MADV_HUGEPAGE);  // a hint: fewer misses in the address translation of random reads
}

void ZeroPages::release(std::size_t first, std::size_t count) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t begin = (first + page - 1) / page * page, end = (first + count) / page * page;
  if (begin < end) madvise(static_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
}

ZeroPages::~ZeroPages() {
  if (data_ != nullptr) munmap(data_, size_);
}

ZeroPages::ZeroPages(ZeroPages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

ZeroPages& ZeroPages::operator=(ZeroPages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace softac

#include "base/control_group.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace softac {

using Path = std::filesystem::path;

namespace {

// A group and all its parents, from `mount` down to mount/group.
template <class Visit>
void visit_hierarchy(const Path& mount, const Path& group, Visit&& visit) {
  Path dir = mount;
  visit(dir);
  for (const Path& part : group.relative_path()) visit(dir /= part);
}

// Whether a name is one of those in "cpu,cpuacct".
bool lists(std::string_view names, std::string_view name) {
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    if (names.substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

std::optional<std::string> read_kernel_file(const Path& path) {
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

void for_each_control_group(const Path& root, const std::string& controller,
                            const std::function<void(const Path& dir, bool v2)>& visit) {
  // Lines "0::/group" (v2) and "N:memory:/group" (v1).
  const auto groups = read_kernel_file(root / "proc/self/cgroup");
  if (!groups) return;
  std::istringstream lines(*groups);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const Path group = line.substr(second + 1);
    if (controllers.empty()) {
      visit_hierarchy(root / "sys/fs/cgroup", group, [&](const Path& dir) { visit(dir, true); });
    } else if (lists(controllers, controller)) {
      visit_hierarchy(root / "sys/fs/cgroup" / controller, group, [&](const Path& dir) { visit(dir, false); });
    }
  }
}

}  // namespace softac

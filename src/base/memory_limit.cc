#include "base/memory_limit.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/control_group.h"
#include "base/text.h"
#include "softac/error.h"

namespace softac {

using Path = std::filesystem::path;

namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

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
  const auto text = read_kernel_file(path);
  return text ? leading_number(*text) : std::nullopt;  // "max" is no number: no limit
}

// What one control group leaves of its limit.
std::uint64_t group_leaves(const Path& dir, const char* limit_name, const char* usage_name, const char* cache_name) {
  const auto limit = number_file(dir / limit_name);
  const auto usage = number_file(dir / usage_name);
  if (!limit || !usage) return kUnlimited;
  const auto stat = read_kernel_file(dir / "memory.stat");
  const std::uint64_t cache = stat ? field(*stat, cache_name).value_or(0) : 0;
  const std::uint64_t used = *usage - std::min(*usage, cache);
  return *limit - std::min(*limit, used);
}

}  // namespace

std::uint64_t available_memory(const Path& root) {
  std::uint64_t least = kUnlimited;
  if (const auto info = read_kernel_file(root / "proc/meminfo")) {
    if (const auto kib = field(*info, "MemAvailable:")) least = *kib * 1024;
  }
  for_each_control_group(root, "memory", [&](const Path& dir, bool v2) {
    least = std::min(least,
                     v2 ? group_leaves(dir, "memory.max", "memory.current", "inactive_file ")
                        : group_leaves(dir, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "));
  });
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

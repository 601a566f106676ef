// How much memory this process may still take, and pages that cost nothing until they are touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace softac {

// Bytes that the machine (MemAvailable) and the process's control groups (v2 and v1, the limits of all parents
// included) leave; file caches that can be dropped count as free. UINT64_MAX if nothing can be read. `root` stands
// before /proc and /sys, for tests.
std::uint64_t available_memory(const std::filesystem::path& root = "/");

// Zero-filled memory straight from the system, by huge pages where it offers them.
class ZeroPages {
 public:
  ZeroPages() = default;
  explicit ZeroPages(std::size_t bytes);  // throws MemoryError
  ~ZeroPages();
  ZeroPages(ZeroPages&& other) noexcept;
  ZeroPages& operator=(ZeroPages&& other) noexcept;

  // The whole pages among bytes [first, first + count) go back to the system and read as zeros.
  void release(std::size_t first, std::size_t count);

  void* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace softac

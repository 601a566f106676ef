// Aligned memory that is taken piece by piece and given back all at once. Zero-filled.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "softac/error.h"
#include "softac/panels.h"

namespace softac {

class Arena {
 public:
  // count values of T, 64-byte aligned, zero, with 64 bytes of readable slack behind them.
  template <class T>
  T* take(std::size_t count) {
    const std::size_t bytes = (count * sizeof(T) + 127) / 64 * 64;
    if (bytes > left_) add_chunk(bytes);
    std::byte* block = next_;
    next_ += bytes;
    left_ -= bytes;
    bytes_ += bytes;
    return reinterpret_cast<T*>(block);
  }

  // A panel matrix. The panel stride is padded by a cache line so that panels of 256 rows do not share cache sets.
  template <class T>
  Panels<T> panels(int rows, int cols) {
    const std::ptrdiff_t stride = (std::ptrdiff_t{rows} + 1) * kLanes;
    return {take<T>(static_cast<std::size_t>(stride) * static_cast<std::size_t>(num_panels(cols))), rows, cols, stride};
  }

  std::size_t bytes() const { return bytes_; }  // taken

 private:
  struct Unmap {
    std::size_t size;
    void operator()(std::byte* chunk) const { munmap(chunk, size); }
  };
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  // Chunks are of whole huge pages: the panels of a matrix lie far apart, and with small pages each would cost an
  // address translation of its own. They are mapped, not taken from the heap: aligned pieces would leave holes there,
  // of up to a huge page each, into which later and larger allocations move one by one.
  void add_chunk(std::size_t bytes) {
    const std::size_t size = (bytes + kHugePage - 1) / kHugePage * kHugePage, mapped = size + kHugePage;
    void* start = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw MemoryError("the system refused " + std::to_string(size) + " bytes of memory");
    const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(start) % kHugePage) % kHugePage;
    std::byte* chunk = static_cast<std::byte*>(start) + before;
    if (before > 0) munmap(start, before);
    if (before < kHugePage) munmap(chunk + size, kHugePage - before);
    chunks_.emplace_back(chunk, Unmap{size});
#ifdef MADV_HUGEPAGE
    madvise(chunk, size, MADV_HUGEPAGE);
#endif
    std::memset(chunk, 0, size);
    next_ = chunk;
    left_ = size;
  }

  std::vector<std::unique_ptr<std::byte, Unmap>> chunks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace softac

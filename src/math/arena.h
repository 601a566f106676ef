// Aligned memory that is taken piece by piece and given back all at once. Zero-filled.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

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
  struct Free {
    void operator()(std::byte* chunk) const { std::free(chunk); }
  };
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  // Chunks are of whole huge pages: the panels of a matrix lie far apart, and with small pages each would cost an
  // address translation of its own.
  void add_chunk(std::size_t bytes) {
    const std::size_t size = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    auto* chunk = static_cast<std::byte*>(std::aligned_alloc(kHugePage, size));
    if (!chunk) throw std::bad_alloc();
    chunks_.emplace_back(chunk);
#ifdef MADV_HUGEPAGE
    madvise(chunk, size, MADV_HUGEPAGE);
#endif
    std::memset(chunk, 0, size);
    next_ = chunk;
    left_ = size;
  }

  std::vector<std::unique_ptr<std::byte, Free>> chunks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace softac

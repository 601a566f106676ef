// Aligned memory that is taken once and given back all at once. Zero-filled.
#pragma once

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
    void* block = std::aligned_alloc(64, bytes);
    if (!block) throw std::bad_alloc();
    std::memset(block, 0, bytes);
    blocks_.emplace_back(block);
    bytes_ += bytes;
    return static_cast<T*>(block);
  }

  // A panel matrix. The panel stride is padded by a cache line so that panels of 256 rows do not share cache sets.
  template <class T>
  Panels<T> panels(int rows, int cols) {
    const std::ptrdiff_t stride = (std::ptrdiff_t{rows} + 1) * kLanes;
    return {take<T>(static_cast<std::size_t>(stride) * static_cast<std::size_t>(num_panels(cols))), rows, cols, stride};
  }

  std::size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* block) const { std::free(block); }
  };
  std::vector<std::unique_ptr<void, Free>> blocks_;
  std::size_t bytes_ = 0;
};

}  // namespace softac

// How the rows of a batch are cut into blocks, each of which passes through a network as one task.
#pragma once

#include <algorithm>

namespace softac {

// Rows of a block: its activations fit the second cache, every thread has the same number of blocks, and the blocks
// the same number of rows but for the last. widest: of the networks' layers.
inline int block_rows(int rows, int widest, int threads) {
  const int fits = std::max(64, 16384 / widest / 64 * 64);
  int blocks = (rows + fits - 1) / fits;
  blocks = (blocks + threads - 1) / threads * threads;
  return std::max(4, ((rows + blocks - 1) / blocks + 3) / 4 * 4);
}

}  // namespace softac

// Blocks of at most 16 × 16 floats transposed, rows 16 floats apart. Included by kernels.h.
#pragma once

namespace softac {
namespace {

// out = inᵀ. Of `in` the first `count` rows are read, zeros stand for the others; of `out` the first `rows` rows are
// written. out may be in.
inline void transpose_block(const float* in, int count, float* out, int rows) {
  alignas(64) float padded[256], turned[256];
  if (count < 16) {
    for (int i = 0; i < 16; ++i) (i < count ? Lanes::load(in + i * 16) : Lanes::zero()).store(padded + i * 16);
  }
  const float* full = count < 16 ? padded : in;
  if (rows == 16 && out != in) return transpose16(full, out);
  transpose16(full, turned);
  for (int i = 0; i < rows; ++i) Lanes::load(turned + i * 16).store(out + i * 16);
}

}  // namespace
}  // namespace softac

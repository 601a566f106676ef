// 16 × 16 floats transposed as four blocks of 8 × 8 in AVX registers. Rows of both lie 16 floats apart.
#pragma once

#include <immintrin.h>

namespace softac {
namespace {

inline void transpose8(const float* in, float* out) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(in + i * 16);
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(out + i * 16, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * 16, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

inline void transpose16(const float* in, float* out) {
  transpose8(in, out);
  transpose8(in + 8, out + 8 * 16);
  transpose8(in + 8 * 16, out + 8);
  transpose8(in + 8 * 16 + 8, out + 8 * 16 + 8);
}

}  // namespace
}  // namespace softac

// Sixteen float lanes as one AVX-512 register. See base/elementary.h for the concept.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "math/transpose_avx.h"

namespace softac {
namespace {

struct Lanes {
  using value_type = float;
  using Mask = __mmask16;
  __m512 v;

  Lanes() = default;
  Lanes(__m512 lanes) : v(lanes) {}
  explicit Lanes(float x) : v(_mm512_set1_ps(x)) {}
  static Lanes zero() { return _mm512_setzero_ps(); }
  static Lanes load(const float* p) { return _mm512_loadu_ps(p); }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  Lanes first(int count) const {
    const auto on = static_cast<__mmask16>(count >= 16 ? 0xffffu : (1u << count) - 1u);
    return _mm512_maskz_mov_ps(on, v);
  }
  static Lanes upper24(const std::uint32_t* words) {
    return _mm512_cvtepi32_ps(_mm512_srli_epi32(_mm512_loadu_si512(words), 8));
  }
  // Four values that stand together; get<I>: one of them in every lane.
  struct Four {
    __m512 v;
    static Four load(const float* p) { return {_mm512_broadcast_f32x4(_mm_loadu_ps(p))}; }
    template <int I>
    Lanes get() const {
      return _mm512_permute_ps(v, I * 0x55);
    }
  };
  // Packs the lanes other than zero, and 8·(first + lane) of each; returns how many. Writes 16 of both.
  int pack(int first, float* values, std::uint16_t* places) const {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __mmask16 on = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __m512i place = _mm512_slli_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(first)), 3);
    _mm512_storeu_ps(values, _mm512_maskz_compress_ps(on, v));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(places),
                        _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(on, place)));
    return __builtin_popcount(on);
  }
  float tree() const {
    const __m256 t8 = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 t4 = _mm_add_ps(_mm256_castps256_ps128(t8), _mm256_extractf128_ps(t8, 1));
    const __m128 t2 = _mm_add_ps(t4, _mm_movehl_ps(t4, t4));
    return _mm_cvtss_f32(_mm_add_ss(t2, _mm_shuffle_ps(t2, t2, 1)));
  }

  friend Lanes operator+(Lanes a, Lanes b) { return _mm512_add_ps(a.v, b.v); }
  friend Lanes operator-(Lanes a, Lanes b) { return _mm512_sub_ps(a.v, b.v); }
  friend Lanes operator*(Lanes a, Lanes b) { return _mm512_mul_ps(a.v, b.v); }
  friend Lanes operator/(Lanes a, Lanes b) { return _mm512_div_ps(a.v, b.v); }
  friend Lanes fma(Lanes a, Lanes b, Lanes c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
  friend Lanes sqrt_(Lanes a) { return _mm512_sqrt_ps(a.v); }
  friend Lanes abs_(Lanes a) { return _mm512_abs_ps(a.v); }
  friend Lanes min_(Lanes a, Lanes b) { return _mm512_min_ps(a.v, b.v); }
  friend Lanes max_(Lanes a, Lanes b) { return _mm512_max_ps(a.v, b.v); }
  friend Mask less(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
  friend Lanes select(Mask m, Lanes yes, Lanes no) { return _mm512_mask_blend_ps(m, no.v, yes.v); }
  friend Lanes copysign_(Lanes size, Lanes sign) {
    const __m512 bit = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(bit, size.v), _mm512_and_ps(bit, sign.v));
  }
  friend Lanes round_(Lanes a) { return (a + Lanes(12582912.0f)) - Lanes(12582912.0f); }
  friend Lanes pow2(Lanes k) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvttps_epi32(k.v), _mm512_set1_epi32(127)), 23));
  }
  friend void split(Lanes a, Lanes& m, Lanes& e) {
    const __m512i root = _mm512_set1_epi32(0x3f3504f3);
    const __m512i bits = _mm512_sub_epi32(_mm512_castps_si512(a.v), root);
    e = _mm512_cvtepi32_ps(_mm512_srai_epi32(bits, 23));
    m = _mm512_castsi512_ps(_mm512_add_epi32(_mm512_and_si512(bits, _mm512_set1_epi32(0x007fffff)), root));
  }
};

// Sixteen 32-bit words.
struct Words {
  __m512i v;

  Words() = default;
  Words(__m512i words) : v(words) {}
  explicit Words(std::uint32_t x) : v(_mm512_set1_epi32(static_cast<int>(x))) {}
  static Words load(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
  void store(std::uint32_t* p) const { _mm512_storeu_si512(p, v); }
  friend Words operator^(Words a, Words b) { return _mm512_xor_si512(a.v, b.v); }
  // The two halves of the 64-bit products a·b.
  friend void multiply(Words a, std::uint32_t b, Words& high, Words& low) {
    const __m512i factor = _mm512_set1_epi32(static_cast<int>(b));
    const __m512i even = _mm512_mul_epu32(a.v, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(a.v, 32), factor);
    high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
    low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
  }
};

}  // namespace
}  // namespace softac

// Sixteen float lanes as two AVX2 registers. See base/elementary.h for the concept.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "math/transpose_avx.h"

namespace softac {
namespace {

// For each set of 8 lanes, bit i for lane i: the numbers of its lanes in order.
struct PackTable {
  std::uint8_t lanes[256][8];
};
constexpr PackTable kPackTable = [] {
  PackTable table{};
  for (int set = 0; set < 256; ++set) {
    int count = 0;
    for (int lane = 0; lane < 8; ++lane) {
      if (set >> lane & 1) table.lanes[set][count++] = static_cast<std::uint8_t>(lane);
    }
  }
  return table;
}();

struct Lanes {
  using value_type = float;
  struct Mask {
    __m256 lo, hi;
  };
  __m256 lo, hi;

  Lanes() = default;
  Lanes(__m256 low, __m256 high) : lo(low), hi(high) {}
  explicit Lanes(float x) : lo(_mm256_set1_ps(x)), hi(lo) {}
  static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  void store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }
  Lanes first(int count) const {
    const __m256i n = _mm256_set1_epi32(count);
    const __m256i low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), high = _mm256_add_epi32(low, _mm256_set1_epi32(8));
    return {_mm256_and_ps(lo, _mm256_castsi256_ps(_mm256_cmpgt_epi32(n, low))),
            _mm256_and_ps(hi, _mm256_castsi256_ps(_mm256_cmpgt_epi32(n, high)))};
  }
  static Lanes upper24(const std::uint32_t* words) {
    const auto* p = reinterpret_cast<const __m256i*>(words);
    return {_mm256_cvtepi32_ps(_mm256_srli_epi32(_mm256_loadu_si256(p), 8)),
            _mm256_cvtepi32_ps(_mm256_srli_epi32(_mm256_loadu_si256(p + 1), 8))};
  }
  // Four values that stand together; get<I>: one of them in every lane.
  struct Four {
    __m256 v;
    static Four load(const float* p) { return {_mm256_broadcast_ps(reinterpret_cast<const __m128*>(p))}; }
    template <int I>
    Lanes get() const {
      const __m256 lane = _mm256_permute_ps(v, I * 0x55);
      return {lane, lane};
    }
  };
  // Packs the lanes other than zero, and 8·(first + lane) of each; returns how many. Writes 16 of both.
  int pack(int first, float* values, std::uint16_t* places) const {
    const int count = pack8(lo, first, values, places);
    return count + pack8(hi, first + 8, values + count, places + count);
  }
  float tree() const {
    const __m256 t8 = _mm256_add_ps(lo, hi);
    const __m128 t4 = _mm_add_ps(_mm256_castps256_ps128(t8), _mm256_extractf128_ps(t8, 1));
    const __m128 t2 = _mm_add_ps(t4, _mm_movehl_ps(t4, t4));
    return _mm_cvtss_f32(_mm_add_ss(t2, _mm_shuffle_ps(t2, t2, 1)));
  }

  friend Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
  friend Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
  friend Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
  friend Lanes operator/(Lanes a, Lanes b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
  friend Lanes fma(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
  }
  friend Lanes sqrt_(Lanes a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
  friend Lanes abs_(Lanes a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
  }
  friend Lanes min_(Lanes a, Lanes b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
  friend Lanes max_(Lanes a, Lanes b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
  friend Mask less(Lanes a, Lanes b) {
    return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
  }
  friend Lanes select(Mask m, Lanes yes, Lanes no) {
    return {_mm256_blendv_ps(no.lo, yes.lo, m.lo), _mm256_blendv_ps(no.hi, yes.hi, m.hi)};
  }
  friend Lanes copysign_(Lanes size, Lanes sign) {
    const __m256 bit = _mm256_set1_ps(-0.0f);
    return {_mm256_or_ps(_mm256_andnot_ps(bit, size.lo), _mm256_and_ps(bit, sign.lo)),
            _mm256_or_ps(_mm256_andnot_ps(bit, size.hi), _mm256_and_ps(bit, sign.hi))};
  }
  friend Lanes round_(Lanes a) { return (a + Lanes(12582912.0f)) - Lanes(12582912.0f); }
  friend Lanes pow2(Lanes k) {
    const __m256i bias = _mm256_set1_epi32(127);
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(k.lo), bias), 23)),
            _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(k.hi), bias), 23))};
  }
  friend void split(Lanes a, Lanes& m, Lanes& e) {
    const __m256i root = _mm256_set1_epi32(0x3f3504f3), low = _mm256_set1_epi32(0x007fffff);
    const __m256i b0 = _mm256_sub_epi32(_mm256_castps_si256(a.lo), root),
                  b1 = _mm256_sub_epi32(_mm256_castps_si256(a.hi), root);
    e = {_mm256_cvtepi32_ps(_mm256_srai_epi32(b0, 23)), _mm256_cvtepi32_ps(_mm256_srai_epi32(b1, 23))};
    m = {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_and_si256(b0, low), root)),
         _mm256_castsi256_ps(_mm256_add_epi32(_mm256_and_si256(b1, low), root))};
  }

 private:
  static int pack8(__m256 v, int first, float* values, std::uint16_t* places) {
    const int on = _mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ));
    const __m128i lanes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kPackTable.lanes[on]));
    _mm256_storeu_ps(values, _mm256_permutevar8x32_ps(v, _mm256_cvtepu8_epi32(lanes)));
    const __m128i place = _mm_add_epi16(_mm_cvtepu8_epi16(lanes), _mm_set1_epi16(static_cast<short>(first)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(places), _mm_slli_epi16(place, 3));
    return __builtin_popcount(static_cast<unsigned>(on));
  }
};

// Sixteen 32-bit words.
struct Words {
  __m256i lo, hi;

  Words() = default;
  Words(__m256i low, __m256i high) : lo(low), hi(high) {}
  explicit Words(std::uint32_t x) : lo(_mm256_set1_epi32(static_cast<int>(x))), hi(lo) {}
  static Words load(const std::uint32_t* p) {
    const auto* halves = reinterpret_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
  }
  void store(std::uint32_t* p) const {
    auto* halves = reinterpret_cast<__m256i*>(p);
    _mm256_storeu_si256(halves, lo);
    _mm256_storeu_si256(halves + 1, hi);
  }
  friend Words operator^(Words a, Words b) { return {_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)}; }
  // The two halves of the 64-bit products a·b.
  friend void multiply(Words a, std::uint32_t b, Words& high, Words& low) {
    const __m256i factor = _mm256_set1_epi32(static_cast<int>(b));
    halves(a.lo, factor, high.lo, low.lo);
    halves(a.hi, factor, high.hi, low.hi);
  }

 private:
  static void halves(__m256i a, __m256i factor, __m256i& high, __m256i& low) {
    const __m256i even = _mm256_mul_epu32(a, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
    high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  }
};

}  // namespace
}  // namespace softac

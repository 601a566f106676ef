// Sixteen float lanes in plain C++; fused multiply-adds by the compiler's builtin. See base/elementary.h for the
// concept.
#pragma once

#include <cstdint>
#include <cstring>

namespace softac {
namespace {

struct Lanes {
  using value_type = float;
  struct Mask {
    bool on[16];
  };
  float v[16];

  Lanes() = default;
  explicit Lanes(float x) {
    for (float& lane : v) lane = x;
  }
  static Lanes zero() { return Lanes(0.0f); }
  static Lanes load(const float* p) {
    Lanes out;
    std::memcpy(out.v, p, sizeof out.v);
    return out;
  }
  void store(float* p) const { std::memcpy(p, v, sizeof v); }
  // The first count lanes of *this, zeros behind them.
  Lanes first(int count) const {
    Lanes out;
    for (int i = 0; i < 16; ++i) out.v[i] = i < count ? v[i] : 0.0f;
    return out;
  }
  // The upper 24 bits of each word as a float.
  static Lanes upper24(const std::uint32_t* words) {
    Lanes out;
    for (int i = 0; i < 16; ++i) out.v[i] = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8));
    return out;
  }
  // Four values that stand together; get<I>: one of them in every lane.
  struct Four {
    const float* v;
    static Four load(const float* p) { return {p}; }
    template <int I>
    Lanes get() const {
      return Lanes(v[I]);
    }
  };
  // Packs the lanes other than zero, and 8·(first + lane) of each; returns how many. Writes 16 of both at most.
  int pack(int first, float* values, std::uint16_t* places) const {
    int count = 0;
    for (int i = 0; i < 16; ++i) {
      if (v[i] == 0.0f) continue;
      values[count] = v[i];
      places[count++] = static_cast<std::uint16_t>(8 * (first + i));
    }
    return count;
  }
  // The tree 16 → 8 → 4 → 2 → 1.
  float tree() const {
    float t[16];
    std::memcpy(t, v, sizeof t);
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) t[i] = t[i] + t[i + half];
    }
    return t[0];
  }

  template <class F>
  static Lanes map(F f) {
    Lanes out;
    for (int i = 0; i < 16; ++i) out.v[i] = f(i);
    return out;
  }
  friend Lanes operator+(const Lanes& a, const Lanes& b) {
    return map([&](int i) { return a.v[i] + b.v[i]; });
  }
  friend Lanes operator-(const Lanes& a, const Lanes& b) {
    return map([&](int i) { return a.v[i] - b.v[i]; });
  }
  friend Lanes operator*(const Lanes& a, const Lanes& b) {
    return map([&](int i) { return a.v[i] * b.v[i]; });
  }
  friend Lanes operator/(const Lanes& a, const Lanes& b) {
    return map([&](int i) { return a.v[i] / b.v[i]; });
  }
  friend Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
    return map([&](int i) { return __builtin_fmaf(a.v[i], b.v[i], c.v[i]); });
  }
  friend Lanes sqrt_(const Lanes& a) {
    return map([&](int i) { return __builtin_sqrtf(a.v[i]); });
  }
  friend Lanes abs_(const Lanes& a) {
    return map([&](int i) { return __builtin_fabsf(a.v[i]); });
  }
  friend Lanes min_(const Lanes& a, const Lanes& b) {
    return map([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  friend Lanes max_(const Lanes& a, const Lanes& b) {
    return map([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  friend Mask less(const Lanes& a, const Lanes& b) {
    Mask out;
    for (int i = 0; i < 16; ++i) out.on[i] = a.v[i] < b.v[i];
    return out;
  }
  friend Lanes select(const Mask& m, const Lanes& yes, const Lanes& no) {
    return map([&](int i) { return m.on[i] ? yes.v[i] : no.v[i]; });
  }
  friend Lanes copysign_(const Lanes& size, const Lanes& sign) {
    return map([&](int i) { return __builtin_copysignf(size.v[i], sign.v[i]); });
  }
  friend Lanes round_(const Lanes& a) {
    return map([&](int i) { return (a.v[i] + 12582912.0f) - 12582912.0f; });
  }
  friend Lanes pow2(const Lanes& k) {
    // Read from the low bits of k + 1.5·2^23, which is defined for NaN too.
    return map([&](int i) {
      return __builtin_bit_cast(float, (__builtin_bit_cast(std::uint32_t, k.v[i] + 12582912.0f) + 127u) << 23);
    });
  }
  friend void split(const Lanes& a, Lanes& m, Lanes& e) {
    for (int i = 0; i < 16; ++i) {
      const auto bits = static_cast<std::int32_t>(__builtin_bit_cast(std::uint32_t, a.v[i]) - 0x3f3504f3u);
      e.v[i] = static_cast<float>(bits >> 23);
      m.v[i] = __builtin_bit_cast(float, (bits & 0x007fffff) + 0x3f3504f3);
    }
  }
};

// Sixteen 32-bit words.
struct Words {
  std::uint32_t v[16];

  Words() = default;
  explicit Words(std::uint32_t x) {
    for (std::uint32_t& word : v) word = x;
  }
  static Words load(const std::uint32_t* p) {
    Words out;
    std::memcpy(out.v, p, sizeof out.v);
    return out;
  }
  void store(std::uint32_t* p) const { std::memcpy(p, v, sizeof v); }
  friend Words operator^(const Words& a, const Words& b) {
    Words out;
    for (int i = 0; i < 16; ++i) out.v[i] = a.v[i] ^ b.v[i];
    return out;
  }
  // The two halves of the 64-bit products a·b.
  friend void multiply(const Words& a, std::uint32_t b, Words& high, Words& low) {
    for (int i = 0; i < 16; ++i) {
      const std::uint64_t product = std::uint64_t{a.v[i]} * b;
      high.v[i] = static_cast<std::uint32_t>(product >> 32);
      low.v[i] = static_cast<std::uint32_t>(product);
    }
  }
};

// 16 × 16 floats, rows of both 16 floats apart.
inline void transpose16(const float* in, float* out) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) out[j * 16 + i] = in[i * 16 + j];
  }
}

}  // namespace
}  // namespace softac

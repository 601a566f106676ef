// exp, log, sin/cos of a turn, tanh, softplus by softac's own polynomials, written once over a lane type: one scalar or 16 lanes.
// Every operation is exact or correctly rounded and in a fixed order, so all lane types give the same bits. At most
// 2 ulp in float and in double over the ranges that the functions' comments give; NaN passes through.
//
// A lane type V has: value_type T, V(T); + − * /, fma, sqrt_, abs_, min_/max_ (a op b ? a : b), less (mask), select,
// round_ (to even), pow2 (2^k of an integer-valued V), split (mantissa in [√½, √2) and integer exponent).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace softac::elementary {

template <class T>
struct Scalar {
  using value_type = T;
  T v{};
  Scalar() = default;
  explicit Scalar(T x) : v(x) {}
  friend Scalar operator+(Scalar a, Scalar b) { return Scalar(a.v + b.v); }
  friend Scalar operator-(Scalar a, Scalar b) { return Scalar(a.v - b.v); }
  friend Scalar operator*(Scalar a, Scalar b) { return Scalar(a.v * b.v); }
  friend Scalar operator/(Scalar a, Scalar b) { return Scalar(a.v / b.v); }
  friend Scalar fma(Scalar a, Scalar b, Scalar c) { return Scalar(std::fma(a.v, b.v, c.v)); }
  friend Scalar sqrt_(Scalar a) { return Scalar(std::sqrt(a.v)); }
  friend Scalar abs_(Scalar a) { return Scalar(std::fabs(a.v)); }
  friend Scalar min_(Scalar a, Scalar b) { return Scalar(a.v < b.v ? a.v : b.v); }
  friend Scalar max_(Scalar a, Scalar b) { return Scalar(a.v > b.v ? a.v : b.v); }
  friend bool less(Scalar a, Scalar b) { return a.v < b.v; }
  friend Scalar select(bool mask, Scalar yes, Scalar no) { return mask ? yes : no; }
  friend Scalar copysign_(Scalar magnitude, Scalar sign) { return Scalar(std::copysign(magnitude.v, sign.v)); }
  // Adding and taking away 1.5·2^(mantissa bits) rounds to the nearest integer, ties to even, for |a| < 2^(bits − 1).
  friend Scalar round_(Scalar a) {
    constexpr T kMagic = std::is_same_v<T, float> ? T(12582912.0) : T(6755399441055744.0);
    volatile T shifted = a.v + kMagic;
    return Scalar(shifted - kMagic);
  }
  friend Scalar pow2(Scalar k) {
    if constexpr (std::is_same_v<T, float>) {
      return Scalar(std::bit_cast<float>((static_cast<std::int32_t>(k.v) + 127) << 23));
    } else {
      return Scalar(std::bit_cast<double>((static_cast<std::int64_t>(k.v) + 1023) << 52));
    }
  }
  // a > 0 normal: a = m · 2^e with m in [√½, √2).
  friend void split(Scalar a, Scalar& m, Scalar& e) {
    if constexpr (std::is_same_v<T, float>) {
      const auto bits = std::bit_cast<std::int32_t>(a.v) - 0x3f3504f3;
      e = Scalar(static_cast<float>(bits >> 23));
      m = Scalar(std::bit_cast<float>((bits & 0x007fffff) + 0x3f3504f3));
    } else {
      const auto bits = std::bit_cast<std::int64_t>(a.v) - 0x3fe6a09e667f3bcd;
      e = Scalar(static_cast<double>(bits >> 52));
      m = Scalar(std::bit_cast<double>((bits & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd));
    }
  }
};

}  // namespace softac::elementary

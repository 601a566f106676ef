// exp, log, sin/cos of a turn, tanh, softplus by softac's own polynomials, written once over a lane type: one scalar or
// 16 lanes. Every operation is exact or correctly rounded and in a fixed order, so all lane types give the same bits.
// At most 2 ulp in float and in double over the ranges that the functions' comments give; NaN passes through.
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
  static constexpr T kMagic =
      std::is_same_v<T, float> ? T(12582912.0) : T(6755399441055744.0);  // 1.5·2^(mantissa bits)
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
  // Adding and taking away kMagic rounds to the nearest integer, ties to even, for |a| < 2^(bits − 1).
  friend Scalar round_(Scalar a) { return Scalar((a.v + kMagic) - kMagic); }
  // The integer is read from the low bits of k + kMagic: defined for NaN too, where a cast to an integer is not.
  friend Scalar pow2(Scalar k) {
    if constexpr (std::is_same_v<T, float>) {
      return Scalar(std::bit_cast<float>((std::bit_cast<std::uint32_t>(k.v + kMagic) + 127u) << 23));
    } else {
      return Scalar(std::bit_cast<double>((std::bit_cast<std::uint64_t>(k.v + kMagic) + 1023u) << 52));
    }
  }
  // a > 0 normal: a = m · 2^e with m in [√½, √2).
  friend void split(Scalar a, Scalar& m, Scalar& e) {
    if constexpr (std::is_same_v<T, float>) {
      const auto bits = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(a.v) - 0x3f3504f3u);
      e = Scalar(static_cast<float>(bits >> 23));
      m = Scalar(std::bit_cast<float>((bits & 0x007fffff) + 0x3f3504f3));
    } else {
      const auto bits = static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(a.v) - 0x3fe6a09e667f3bcdu);
      e = Scalar(static_cast<double>(bits >> 52));
      m = Scalar(std::bit_cast<double>((bits & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd));
    }
  }
};

// c[0]·x^(n−1) + … + c[n−1] by Horner's rule.
template <class V, class T, int N>
inline V horner(V x, const T (&c)[N]) {
  V sum(c[0]);
  for (int i = 1; i < N; ++i) sum = fma(sum, x, V(c[i]));
  return sum;
}

// Coefficients, highest power first. Taylor series of e^r = 1 + r + r²·kExp(r) on |r| ≤ ½ log 2, of
// log((1+s)/(1−s)) = 2s + s·z·kLog(z) with z = s² ≤ 0.0295, of sin x = x + x·z·kSin(z) and cos x = 1 + z·kCos(z) on |x|
// ≤ π/4, and of tanh x = x + x·z·kTanh(z) on |x| ≤ 0.55.
template <class T>
struct Constants;

template <>
struct Constants<float> {
  static constexpr float kExp[] = {0x1.a01a020000000p-16f, 0x1.a01a020000000p-13f, 0x1.6c16c20000000p-10f,
                                   0x1.1111120000000p-7f,  0x1.5555560000000p-5f,  0x1.5555560000000p-3f,
                                   0x1.0000000000000p-1f};
  static constexpr float kLog[] = {0x1.745d180000000p-3f, 0x1.c71c720000000p-3f, 0x1.24924a0000000p-2f,
                                   0x1.99999a0000000p-2f, 0x1.5555560000000p-1f};
  static constexpr float kSin[] = {-0x1.ae64560000000p-26f, 0x1.71de3a0000000p-19f, -0x1.a01a020000000p-13f,
                                   0x1.1111120000000p-7f, -0x1.5555560000000p-3f};
  static constexpr float kCos[] = {0x1.1eed8e0000000p-29f,  -0x1.27e4fc0000000p-22f, 0x1.a01a020000000p-16f,
                                   -0x1.6c16c20000000p-10f, 0x1.5555560000000p-5f,   -0x1.0000000000000p-1f};
  static constexpr float kTanh[] = {0x1.967e180000000p-14f,  -0x1.f57d780000000p-13f, 0x1.3558240000000p-11f,
                                    -0x1.7da3640000000p-10f, 0x1.d6d3d00000000p-9f,   -0x1.226e360000000p-7f,
                                    0x1.664f480000000p-6f,   -0x1.ba1ba20000000p-5f,  0x1.1111120000000p-3f,
                                    -0x1.5555560000000p-2f};
  static constexpr float kLog2E = 0x1.7154760000000p+0f;
  static constexpr float kLn2High = 0x1.62e4000000000p-1f;  // few enough bits that k·kLn2High is exact
  static constexpr float kLn2Low = 0x1.7f7d1c0000000p-20f;
  static constexpr float kTwoPi = 0x1.921fb60000000p+2f;
  static constexpr float kExpLow = -104.0f;  // e^x is 0 below, Inf above
  static constexpr float kExpHigh = 89.0f;
  static constexpr float kTanhOne = 10.0f;  // |tanh x| rounds to 1 from here on
};

template <>
struct Constants<double> {
  static constexpr double kExp[] = {
      0x1.93974a8c07c9dp-37, 0x1.6124613a86d09p-33, 0x1.1eed8eff8d898p-29, 0x1.ae64567f544e4p-26, 0x1.27e4fb7789f5cp-22,
      0x1.71de3a556c734p-19, 0x1.a01a01a01a01ap-16, 0x1.a01a01a01a01ap-13, 0x1.6c16c16c16c17p-10, 0x1.1111111111111p-7,
      0x1.5555555555555p-5,  0x1.5555555555555p-3,  0x1.0000000000000p-1};
  static constexpr double kLog[] = {0x1.642c8590b2164p-4, 0x1.8618618618618p-4, 0x1.af286bca1af28p-4,
                                    0x1.e1e1e1e1e1e1ep-4, 0x1.1111111111111p-3, 0x1.3b13b13b13b14p-3,
                                    0x1.745d1745d1746p-3, 0x1.c71c71c71c71cp-3, 0x1.2492492492492p-2,
                                    0x1.999999999999ap-2, 0x1.5555555555555p-1};
  static constexpr double kSin[] = {-0x1.2f49b46814157p-57, 0x1.952c77030ad4ap-49,  -0x1.ae7f3e733b81fp-41,
                                    0x1.6124613a86d09p-33,  -0x1.ae64567f544e4p-26, 0x1.71de3a556c734p-19,
                                    -0x1.a01a01a01a01ap-13, 0x1.1111111111111p-7,   -0x1.5555555555555p-3};
  static constexpr double kCos[] = {-0x1.6827863b97d97p-53, 0x1.ae7f3e733b81fp-45,  -0x1.93974a8c07c9dp-37,
                                    0x1.1eed8eff8d898p-29,  -0x1.27e4fb7789f5cp-22, 0x1.a01a01a01a01ap-16,
                                    -0x1.6c16c16c16c17p-10, 0x1.5555555555555p-5,   -0x1.0000000000000p-1};
  static constexpr double kTanh[] = {
      0x1.8e25ff9327e2cp-27, -0x1.eb3229047434cp-26, 0x1.2efe8db3aff1fp-24, -0x1.75cde6563fed9p-23,
      0x1.cd299de4ae6bbp-22, -0x1.1c77df95c1c0dp-20, 0x1.5ef2da474e5b7p-19, -0x1.b0f72d3ee24e9p-18,
      0x1.0b132d39a6050p-16, -0x1.497d8eea25259p-15, 0x1.967e18afcafadp-14, -0x1.f57d7734d1664p-13,
      0x1.3558248036744p-11, -0x1.7da36452b75e3p-10, 0x1.d6d3d0e157de0p-9,  -0x1.226e355e6c23dp-7,
      0x1.664f4882c10fap-6,  -0x1.ba1ba1ba1ba1cp-5,  0x1.1111111111111p-3,  -0x1.5555555555555p-2};
  static constexpr double kLog2E = 0x1.71547652b82fep+0;
  static constexpr double kLn2High = 0x1.62e42fefa0000p-1;  // few enough bits that k·kLn2High is exact
  static constexpr double kLn2Low = 0x1.cf79abc9e3b3ap-40;
  static constexpr double kTwoPi = 0x1.921fb54442d18p+2;
  static constexpr double kExpLow = -746.0;  // e^x is 0 below, Inf above
  static constexpr double kExpHigh = 710.0;
  static constexpr double kTanhOne = 20.0;  // |tanh x| rounds to 1 from here on
};

// e^r − 1 and the integer k with x = k·log 2 + r.
template <class V>
inline V reduced_expm1(V x, V& k) {
  using C = Constants<typename V::value_type>;
  k = round_(x * V(C::kLog2E));
  const V r = fma(k, V(-C::kLn2Low), fma(k, V(-C::kLn2High), x));
  return fma(r * r, horner(r, C::kExp), r);
}

// e^x, any x (0 and Inf outside the range).
template <class V>
inline V exp(V x) {
  using T = typename V::value_type;
  using C = Constants<T>;
  V k;
  const V p = V(T(1)) + reduced_expm1(max_(V(C::kExpLow), min_(V(C::kExpHigh), x)), k);
  const V half = round_(k * V(T(0.5)));  // two factors, so that neither overflows nor loses a subnormal result early
  return p * pow2(half) * pow2(k - half);
}

// e^x − 1 without cancellation; x ≤ 60.
template <class V>
inline V expm1(V x) {
  using T = typename V::value_type;
  V k;
  const V p = reduced_expm1(max_(V(T(-60)), x), k);
  const V scale = pow2(k);
  return fma(scale, p, scale - V(T(1)));
}

// log x, x > 0 and normal.
template <class V>
inline V log(V x) {
  using T = typename V::value_type;
  using C = Constants<T>;
  V m, k;
  split(x, m, k);
  const V f = m - V(T(1));
  const V s = f / (V(T(2)) + f);
  const V z = s * s;
  const V half_square = V(T(0.5)) * f * f;
  const V rest = z * horner(z, C::kLog);
  const V small = half_square - fma(s, half_square + rest, k * V(C::kLn2Low));
  return fma(k, V(C::kLn2High), f - small);
}

// log(1 + y), 0 ≤ y ≤ 1.
template <class V>
inline V log1p(V y) {
  using T = typename V::value_type;
  const V u = V(T(1)) + y;
  return log(u) + (y - (u - V(T(1)))) / u;
}

template <class V>
inline V tanh(V x) {
  using T = typename V::value_type;
  const V a = min_(V(Constants<T>::kTanhOne), abs_(x));
  const V z = a * a;
  const V small = fma(a * z, horner(z, Constants<T>::kTanh), a);
  const V large = V(T(1)) - V(T(2)) / (expm1(a + a) + V(T(2)));
  return copysign_(select(less(a, V(T(0.55))), small, large), x);
}

// log(1 + e^x).
template <class V>
inline V softplus(V x) {
  using T = typename V::value_type;
  return max_(x, V(T(0))) + log1p(exp(V(T(0)) - abs_(x)));
}

// 1 / (1 + e^−x); at most 3 ulp.
template <class V>
inline V sigmoid(V x) {
  using T = typename V::value_type;
  return V(T(1)) / (V(T(1)) + exp(V(T(0)) - x));
}

// sin and cos of 2π·turn, 0 ≤ turn ≤ 1.
template <class V>
inline void sincos_turn(V turn, V& sine, V& cosine) {
  using T = typename V::value_type;
  using C = Constants<T>;
  const V q = round_(V(T(4)) * turn);                    // quadrant 0 … 4
  const V x = fma(q, V(T(-0.25)), turn) * V(C::kTwoPi);  // |x| ≤ π/4
  const V z = x * x;
  const V s = fma(x * z, horner(z, C::kSin), x);
  const V c = fma(z, horner(z, C::kCos), V(T(1)));
  const V half = q * V(T(0.5));
  const auto odd = less(V(T(0)), abs_(half - round_(half)));
  const V sine_size = select(odd, c, s), cosine_size = select(odd, s, c);
  const V zero(T(0));
  sine = select(less(abs_(q - V(T(2.5))), V(T(1))), zero - sine_size, sine_size);
  cosine = select(less(abs_(q - V(T(1.5))), V(T(1))), zero - cosine_size, cosine_size);
}

}  // namespace softac::elementary

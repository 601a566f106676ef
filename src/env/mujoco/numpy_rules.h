// Arithmetic in the order in which NumPy does it, so that rewards equal Gymnasium's to the last bit.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace softac {

// Σ f(xᵢ) as np.sum adds: fewer than 8 terms left to right; up to 128 terms in eight running sums, combined as
// ((0+1)+(2+3))+((4+5)+(6+7)), the rest left to right; longer arrays as the sum of two halves (the first a
// multiple of 8).
template <class F>
double numpy_sum(const double* x, std::size_t n, F f) {
  if (n < 8) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += f(x[i]);
    return sum;
  }
  if (n > 128) {
    const std::size_t half = n / 2 - (n / 2) % 8;
    return numpy_sum(x, half, f) + numpy_sum(x + half, n - half, f);
  }
  double lane[8];
  for (std::size_t k = 0; k < 8; ++k) lane[k] = f(x[k]);
  std::size_t i = 8;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) lane[k] += f(x[i + k]);
  }
  double sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  for (; i < n; ++i) sum += f(x[i]);
  return sum;
}

inline double numpy_sum(std::span<const double> x) {
  return numpy_sum(x.data(), x.size(), [](double v) { return v; });
}

// np.sum(np.square(x))
inline double sum_of_squares(std::span<const double> x) {
  return numpy_sum(x.data(), x.size(), [](double v) { return v * v; });
}

// np.clip: NaN passes through.
inline double clip(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

// x ** 2 of a NumPy scalar: the C library's pow, which differs from x·x in the last bit of one value in a thousand.
// The exponent is opaque because compilers replace pow(x, 2) by x·x.
inline double scalar_square(double x) {
  static const volatile double two = 2.0;
  return std::pow(x, two);
}

// np.linalg.norm of a − b, three entries: the root of a chain of fused multiply-adds, as OpenBLAS's dot product does
// on CPUs with FMA (other BLAS builds may differ in the last bit).
inline double distance(const double* a, const double* b) {
  const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
  return std::sqrt(std::fma(z, z, std::fma(y, y, x * x)));
}

// np.linalg.norm of two entries, as OpenBLAS's dot product of them rounds.
inline double distance_from_origin(double x, double y) {
  return std::sqrt(x * x + y * y);
}

}  // namespace softac

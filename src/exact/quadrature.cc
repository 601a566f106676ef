// Gauss–Legendre quadrature: the nodes are the zeros of the Legendre polynomial P_n, found by Newton's method from
// cos(π(i + ¾)/(n + ½)); w = 2 / ((1 − x²) P_n'(x)²).
#include <cmath>

#include "base/elementary.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

Quadrature gauss_legendre(int n) {
  SOFTAC_REQUIRE(n >= 1 && n <= 100'000, n);
  Quadrature out;
  out.node.resize(n);
  out.weight.resize(n);
  for (int i = 0; i < (n + 1) / 2; ++i) {
    elementary::Scalar<double> sine, cosine;
    elementary::sincos_turn(elementary::Scalar<double>(0.5 * (i + 0.75) / (n + 0.5)), sine, cosine);
    double x = 2 * i + 1 == n ? 0.0 : cosine.v;
    double slope = 0.0;
    for (int iteration = 0; iteration < 20; ++iteration) {
      double p = x, before = 1.0;  // P_1, P_0
      for (int k = 2; k <= n; ++k) {
        const double above = ((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k;
        before = p;
        p = above;
      }
      slope = n * (x * p - before) / (x * x - 1.0);
      const double change = p / slope;
      x -= change;
      if (std::fabs(change) < 1e-15) break;
    }
    const double weight = 2.0 / ((1.0 - x * x) * slope * slope);
    const std::size_t low = i, high = n - 1 - i;
    out.node[low] = -x;
    out.node[high] = x;
    out.weight[low] = out.weight[high] = weight;
  }
  return out;
}

}  // namespace softac

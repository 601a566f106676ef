#include "policy/log_density.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/elementary_scalar.h"
#include "math/gaussian_lanes.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr double kLargest = 0x1.fffffep-1;  // the largest float below 1

// u of a = tanh u.
double inverse_tanh(double a) {
  const double inside = std::clamp(a, -kLargest, kLargest);
  return 0.5 * log_of((1.0 + inside) / (1.0 - inside));
}

// z of u = μ + σ ∘ (I + N) z, in place of u.
void standardise(const PolicyParameters& p, std::size_t component, std::vector<double>& u) {
  const std::size_t dim = u.size();
  std::size_t n = 0;
  for (std::size_t d = 0; d < dim; ++d) {
    double z = (u[d] - p.mu[component * dim + d]) / exp_of(p.log_std[component * dim + d]);
    for (std::size_t c = 0; !p.shear.empty() && c < d; ++c) z -= p.shear[n++] * u[c];
    u[d] = z;
  }
}

}  // namespace

double log_density(const PolicyParameters& policy, std::span<const float> action, bool squash) {
  const std::size_t dim = action.size(), components = policy.log_weight.size();
  SOFTAC_REQUIRE(policy.mu.size() == components * dim, policy.mu.size(), components, dim);
  std::vector<double> u(dim);
  double log_slope = 0.0;
  for (std::size_t d = 0; d < dim; ++d) {
    u[d] = squash ? inverse_tanh(static_cast<double>(action[d])) : static_cast<double>(action[d]);
    if (squash) log_slope += 2.0 * half_log_slope(elementary::Scalar<double>(u[d])).v;
  }
  std::vector<double> terms(components), z;
  for (std::size_t k = 0; k < components; ++k) {
    z = u;
    standardise(policy, k, z);
    terms[k] = policy.log_weight[k];
    for (std::size_t d = 0; d < dim; ++d) terms[k] -= 0.5 * z[d] * z[d] + policy.log_std[k * dim + d] + kHalfLogTwoPi;
  }
  const double most = *std::ranges::max_element(terms);
  double sum = 0.0;
  for (const double term : terms) sum += exp_of(term - most);
  return most + log_of(sum) - log_slope;
}

}  // namespace softac

#include "softac/boltzmann_target.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/elementary_scalar.h"
#include "math/gaussian_lanes.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {
namespace {

using Real = elementary::Scalar<double>;

constexpr int kPanelNodes = 16;
constexpr double kEpsRange = 9.0;  // normal mass beyond: 2e-19

void check(const GaussianPolicyView& policy, double alpha) {
  if (policy.kind != PolicyKind::squashed_gaussian) {
    throw ConfigError(
        "the Boltzmann target of the plain Gaussian policy: its actions have no bounds, so that Z may be infinite; "
        "use policy = \"squashed_gaussian\"");
  }
  if (!(alpha > 0.0 && std::isfinite(alpha))) throw ConfigError("the Boltzmann target needs a temperature above 0");
  SOFTAC_REQUIRE(!policy.mu.empty() && policy.mu.size() == policy.log_std.size() &&
                     policy.mu.size() == policy.num_components() * policy.act_dim(),
                 policy.mu.size(), policy.log_std.size(), policy.num_components());
}

// (N ε)_d, of which N's row d needs ε's first d components alone.
double sheared(const GaussianPolicyView& policy, std::span<const double> eps, std::size_t d) {
  double sum = 0.0;
  for (std::size_t j = 0; j < d && !policy.shear.empty(); ++j) sum += policy.shear[d * (d - 1) / 2 + j] * eps[j];
  return sum;
}

// log Σ_j w_j N(u; μ_j, σ_j) before squashing; of one component N alone. eps: u in the scale of component k.
double log_density_before_squashing(const GaussianPolicyView& policy, std::size_t k, std::span<const double> u,
                                    std::span<const double> eps) {
  const std::size_t dim = u.size(), components = policy.num_components();
  double most = 0.0, sum = 0.0;  // Σ exp(term − most)
  for (std::size_t j = 0; j < components; ++j) {
    double term = components == 1 ? 0.0 : policy.log_weight[j];
    for (std::size_t d = 0; d < dim; ++d) {
      const double log_std = policy.log_std[j * dim + d];
      const double z = j == k ? eps[d] : (u[d] - policy.mu[j * dim + d]) * exp_of(-log_std);
      term += -0.5 * z * z - log_std - 0.5 * std::log(2.0 * std::numbers::pi);
    }
    if (components == 1) return term;
    if (j == 0 || term > most) {
      sum = j == 0 ? 1.0 : sum * exp_of(most - term) + 1.0;
      most = term;
    } else {
      sum += exp_of(term - most);
    }
  }
  return most + log_of(sum);
}

// Nodes and weights of panels of Gauss–Legendre quadrature over [low, high].
Quadrature panels(double low, double high, int nodes) {
  const Quadrature base = gauss_legendre(kPanelNodes);
  const int count = nodes / kPanelNodes;
  const double width = (high - low) / count;
  Quadrature out;
  for (int panel = 0; panel < count; ++panel) {
    for (std::size_t i = 0; i < base.node.size(); ++i) {
      out.node.push_back(low + width * (panel + 0.5 + 0.5 * base.node[i]));
      out.weight.push_back(0.5 * width * base.weight[i]);
    }
  }
  return out;
}

// f(point (A), weight) over the product grid.
template <class F>
void for_grid(const Quadrature& axis, std::size_t dim, F f) {
  std::vector<double> point(dim);
  const std::size_t n = axis.node.size(), total = dim == 1 ? n : n * n;
  for (std::size_t i = 0; i < total; ++i) {
    point[0] = axis.node[i % n];
    double weight = axis.weight[i % n];
    if (dim == 2) {
      point[1] = axis.node[i / n];
      weight *= axis.weight[i / n];
    }
    f(point, weight);
  }
}

struct Integrals {
  double log_z, log_pi, q;  // the last two: expectations under π
};

Integrals integrate(const GaussianPolicyView& policy, const ActionValues& q, double alpha, int nodes) {
  const std::size_t dim = policy.act_dim();
  std::vector<double> actions, weights;
  for_grid(panels(-1.0, 1.0, nodes), dim, [&](const std::vector<double>& point, double weight) {
    actions.insert(actions.end(), point.begin(), point.end());
    weights.push_back(weight);
  });
  std::vector<double> values(weights.size());
  q(actions, values);
  const double most = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * exp_of((values[i] - most) / alpha);
  Integrals out{most / alpha + log_of(sum), 0.0, 0.0};

  actions.clear();
  weights.clear();
  std::vector<double> log_pi, action(dim);
  for (std::size_t k = 0; k < policy.num_components(); ++k) {
    const double share = policy.log_weight.empty() ? 1.0 : exp_of(policy.log_weight[k]);
    for_grid(panels(-kEpsRange, kEpsRange, nodes), dim, [&](const std::vector<double>& eps, double weight) {
      double square = 0.0;
      for (const double e : eps) square += e * e;
      weights.push_back(share * weight * exp_of(-0.5 * square) *
                        std::pow(2.0 * std::numbers::pi, -0.5 * static_cast<double>(dim)));
      log_pi.push_back(squashed_log_density(policy, eps, action, k));
      actions.insert(actions.end(), action.begin(), action.end());
    });
  }
  values.resize(weights.size());
  q(actions, values);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    out.log_pi += weights[i] * log_pi[i];
    out.q += weights[i] * values[i];
  }
  return out;
}

struct Mean {
  double mean, error;  // standard error
};
Mean mean_of(const std::vector<double>& x) {
  const auto n = static_cast<double>(x.size());
  double sum = 0.0, squares = 0.0;
  for (const double value : x) sum += value / n;
  for (const double value : x) squares += (value - sum) * (value - sum);
  return {sum, std::sqrt(squares / (n - 1.0) / n)};
}

}  // namespace

double squashed_log_density(const GaussianPolicyView& policy, std::span<const double> eps, std::span<double> action,
                            std::size_t component) {
  const std::size_t dim = eps.size();
  double slopes = 0.0;
  std::vector<double> u(dim);
  for (std::size_t d = 0; d < dim; ++d) {
    const std::size_t i = component * dim + d;
    u[d] = policy.mu[i] + exp_of(policy.log_std[i]) * (eps[d] + sheared(policy, eps, d));
    action[d] = elementary::tanh(Real(u[d])).v;
    slopes += 2.0 * half_log_slope(Real(u[d])).v;
  }
  return log_density_before_squashing(policy, component, u, eps) - slopes;
}

double squashed_log_density_at(const GaussianPolicyView& policy, std::span<const double> action) {
  const std::size_t dim = action.size();
  double slopes = 0.0;
  std::vector<double> u(dim), eps(dim);
  for (std::size_t d = 0; d < dim; ++d) {
    u[d] = 0.5 * (log_of(1.0 + action[d]) - log_of(1.0 - action[d]));
    eps[d] = (u[d] - policy.mu[d]) * exp_of(-policy.log_std[d]) - sheared(policy, eps, d);
    slopes += log_of(1.0 - action[d]) + log_of(1.0 + action[d]);
  }
  return log_density_before_squashing(policy, 0, u, eps) - slopes;
}

BoltzmannEstimate boltzmann_by_quadrature(const GaussianPolicyView& policy, const ActionValues& q, double alpha,
                                          int nodes) {
  check(policy, alpha);
  if (policy.act_dim() > 2)
    throw ConfigError("the Boltzmann target of " + std::to_string(policy.act_dim()) +
                      " actions by quadrature: at most 2; sample instead");
  SOFTAC_REQUIRE(nodes >= 32 && nodes % 32 == 0, nodes);
  const Integrals fine = integrate(policy, q, alpha, nodes), coarse = integrate(policy, q, alpha, nodes / 2);
  BoltzmannEstimate out;
  out.log_z = fine.log_z;
  out.actor_loss = alpha * fine.log_pi - fine.q;
  out.kl = fine.log_pi - fine.q / alpha + fine.log_z;
  out.log_z_error = std::fabs(fine.log_z - coarse.log_z);
  out.actor_loss_error = std::fabs(out.actor_loss - (alpha * coarse.log_pi - coarse.q));
  out.kl_error = out.log_z_error + out.actor_loss_error / alpha;
  return out;
}

BoltzmannEstimate boltzmann_by_sampling(const GaussianPolicyView& policy, const ActionValues& q, double alpha,
                                        int samples, Rng& rng) {
  check(policy, alpha);
  SOFTAC_REQUIRE(samples >= 2, samples);
  const std::size_t dim = policy.act_dim(), n = samples;
  std::vector<double> actions(n * dim), values(n), log_pi(n), eps(dim);
  const auto action = [&](std::size_t i) { return std::span(actions).subspan(i * dim, dim); };
  const auto draw = [&](std::size_t i) {
    std::size_t component = 0;
    if (policy.num_components() > 1) {
      double left = rng.uniform();
      while (component + 1 < policy.num_components() && left >= exp_of(policy.log_weight[component]))
        left -= exp_of(policy.log_weight[component++]);
    }
    for (double& e : eps) e = rng.normal();
    return squashed_log_density(policy, eps, action(i), component);
  };
  // log Z = log E_m[ exp(Q/α) / m ],  m = ½ π + ½ 2^−A. An action that rounds to the bound has the density 0 for the
  // uniform half of the comparison alone: it came from π, whose density is taken before rounding.
  const double log_uniform = -static_cast<double>(dim) * std::numbers::ln2;
  for (std::size_t i = 0; i < n; ++i) {
    if (rng.uniform() < 0.5) {
      log_pi[i] = draw(i);
    } else {
      for (double& a : action(i)) a = rng.uniform(-1.0, 1.0) + 0x1p-53;
      log_pi[i] = squashed_log_density_at(policy, action(i));
    }
  }
  q(actions, values);
  std::vector<double> weight(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double most = std::max(log_pi[i], log_uniform);
    const double log_m = most + log_of(0.5 * exp_of(log_pi[i] - most) + 0.5 * exp_of(log_uniform - most));
    weight[i] = values[i] / alpha - log_m;
  }
  const double most = *std::max_element(weight.begin(), weight.end());
  double squares = 0.0;
  for (double& w : weight) w = exp_of(w - most);
  const Mean z = mean_of(weight);
  for (const double w : weight) squares += w * w;
  BoltzmannEstimate out;
  out.log_z = most + log_of(z.mean);
  out.log_z_error = z.error / z.mean;
  out.effective_samples = z.mean * static_cast<double>(n) * (z.mean * static_cast<double>(n)) / squares;

  for (std::size_t i = 0; i < n; ++i) log_pi[i] = draw(i);
  q(actions, values);
  for (std::size_t i = 0; i < n; ++i) values[i] = alpha * log_pi[i] - values[i];
  const Mean loss = mean_of(values);
  out.actor_loss = loss.mean;
  out.actor_loss_error = loss.error;
  out.kl = loss.mean / alpha + out.log_z;
  out.kl_error = std::hypot(loss.error / alpha, out.log_z_error);
  return out;
}

}  // namespace softac

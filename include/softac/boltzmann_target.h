// The Boltzmann target exp(Q/α)/Z of a critic over continuous actions in [−1, 1]^A, and how far a squashed Gaussian is
// from it (docs/math.md E3, E4, E6): log Z, KL(π ‖ exp(Q/α)/Z), and the actor loss, which is α·KL − α·log Z.
//
// The plain Gaussian's actions have no bounds, so that Z may be infinite: it is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "softac/choices.h"
#include "softac/rng.h"

namespace softac {

// Q of one state: actions (n, A) row-major → q (n).
using ActionValues = std::function<void(std::span<const double> actions, std::span<double> q)>;

// The policy in one state, a = tanh(μ + σ ε), or tanh(μ + σ (ε + N ε)); of K components, a mixture of the former.
struct GaussianPolicyView {
  PolicyKind kind = PolicyKind::squashed_gaussian;
  std::span<const double> mu;               // (K·A), component by component
  std::span<const double> log_std;          // (K·A)
  std::span<const double> log_weight = {};  // (K); empty: K = 1
  std::span<const double> shear = {};       // N of softac/policy_parameters.h, K = 1; empty: none

  std::size_t num_components() const { return log_weight.empty() ? 1 : log_weight.size(); }
  std::size_t act_dim() const { return mu.size() / num_components(); }
};

// log π(a|s) of a = tanh(μ_k + σ_k ε), E11; ε and the action are (A), the action is written.
double squashed_log_density(const GaussianPolicyView& policy, std::span<const double> eps, std::span<double> action,
                            std::size_t component = 0);
// The same at a given action inside (−1, 1)^A.
double squashed_log_density_at(const GaussianPolicyView& policy, std::span<const double> action);

struct BoltzmannEstimate {
  double log_z = 0.0;
  double kl = 0.0;
  double actor_loss = 0.0;   // E_π[α log π − Q]
  double log_z_error = 0.0;  // standard errors; by quadrature: the change from half the nodes
  double kl_error = 0.0;
  double actor_loss_error = 0.0;
  double effective_samples = 0.0;  // (Σw)²/Σw² of log Z; 0 by quadrature
};

// By Gauss–Legendre panels, A ≤ 2: `nodes` evaluations per axis (a multiple of 32), over actions for Z and over ε for
// what the policy expects. Throws ConfigError for the plain Gaussian, A > 2 or α ≤ 0.
BoltzmannEstimate boltzmann_by_quadrature(const GaussianPolicyView& policy, const ActionValues& q, double alpha,
                                          int nodes = 512);

// By `samples` draws each: Z from the mixture of the policy and the uniform distribution, so that weights stay bounded
// where the policy is narrow; the rest from the policy. Any A.
BoltzmannEstimate boltzmann_by_sampling(const GaussianPolicyView& policy, const ActionValues& q, double alpha,
                                        int samples, Rng& rng);

}  // namespace softac

#include "softac/boltzmann_target.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "softac/error.h"

namespace softac {
namespace {

// KL of two squashed Gaussians is that of the Gaussians: tanh is one to one.
double gaussian_kl(const GaussianPolicyView& p, const GaussianPolicyView& q) {
  double sum = 0.0;
  for (std::size_t k = 0; k < p.mu.size(); ++k) {
    const double sp = std::exp(p.log_std[k]), sq = std::exp(q.log_std[k]), d = p.mu[k] - q.mu[k];
    sum += q.log_std[k] - p.log_std[k] + (sp * sp + d * d) / (2.0 * sq * sq) - 0.5;
  }
  return sum;
}

// Q = α log π0 + c: the target is π0 itself, and log Z = c/α.
ActionValues values_of(const GaussianPolicyView& target, double alpha, double c) {
  return [=](std::span<const double> actions, std::span<double> q) {
    const std::size_t dim = target.act_dim();
    for (std::size_t i = 0; i < q.size(); ++i) {
      std::vector<double> a(actions.begin() + static_cast<std::ptrdiff_t>(i * dim),
                            actions.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim));
      for (double& x : a) x = std::clamp(x, -1.0 + 0x1p-52, 1.0 - 0x1p-52);
      q[i] = alpha * squashed_log_density_at(target, a) + c;
    }
  };
}

TEST(BoltzmannTarget, QuadratureFindsTheGaussiansDivergence) {
  for (const std::size_t dim : {1u, 2u}) {
    const std::vector<double> mu = {0.3, -0.5}, log_std = {-0.7, -0.2}, mu0 = {-0.1, 0.2}, log_std0 = {-0.4, -0.6};
    const GaussianPolicyView policy{PolicyKind::squashed_gaussian, std::span(mu).first(dim),
                                    std::span(log_std).first(dim)};
    const GaussianPolicyView target{PolicyKind::squashed_gaussian, std::span(mu0).first(dim),
                                    std::span(log_std0).first(dim)};
    const double alpha = 0.2, c = 1.7;
    const BoltzmannEstimate found =
        boltzmann_by_quadrature(policy, values_of(target, alpha, c), alpha, dim == 1 ? 512 : 256);
    EXPECT_NEAR(found.log_z, c / alpha, 1e-8);
    EXPECT_NEAR(found.kl, gaussian_kl(policy, target), 1e-8);
    EXPECT_NEAR(found.actor_loss, alpha * found.kl - alpha * found.log_z, 1e-12);
    EXPECT_LT(found.kl_error, 1e-5);
    const BoltzmannEstimate itself = boltzmann_by_quadrature(target, values_of(target, alpha, c), alpha, 256);
    EXPECT_NEAR(itself.kl, 0.0, 1e-8);
  }
}

// E4 and E6 for a Q that is no Gaussian's: the actor loss computed on its own, over actions, is α KL − α log Z.
TEST(BoltzmannTarget, FreeEnergyAndActorLoss) {
  const double alpha = 0.15;
  const auto value = [](double a) { return std::cos(5.0 * a) + 0.3 * a; };
  const ActionValues q = [&](std::span<const double> actions, std::span<double> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = value(actions[i]);
  };
  const std::vector<double> mu = {0.2}, log_std = {-0.5};
  const GaussianPolicyView policy{PolicyKind::squashed_gaussian, mu, log_std};
  const BoltzmannEstimate found = boltzmann_by_quadrature(policy, q, alpha);
  // Simpson's rule over the actions themselves.
  constexpr int kSteps = 200'000;
  double z = 0.0, loss = 0.0, free_energy = 0.0;
  std::vector<double> density(kSteps + 1), boltzmann(kSteps + 1);
  const auto weight = [&](int i) {
    return (i == 0 || i == kSteps ? 1.0 : i % 2 == 1 ? 4.0 : 2.0) * 2.0 / kSteps / 3.0;
  };
  for (int i = 0; i <= kSteps; ++i) z += weight(i) * std::exp(value(-1.0 + 2.0 * i / kSteps) / alpha);
  for (int i = 0; i <= kSteps; ++i) {
    const double a = -1.0 + 2.0 * i / kSteps, best = std::exp(value(a) / alpha) / z;
    free_energy += weight(i) * best * (value(a) - alpha * std::log(best));  // E2 at E3
    if (i == 0 || i == kSteps) continue;                                    // the policy's density is 0 at the bounds
    const std::vector<double> action = {a};
    const double log_pi = squashed_log_density_at(policy, action);
    loss += weight(i) * std::exp(log_pi) * (alpha * log_pi - value(a));
  }
  EXPECT_NEAR(found.log_z, std::log(z), 1e-10);
  EXPECT_NEAR(free_energy, alpha * found.log_z, 1e-10);  // E4
  EXPECT_NEAR(loss, alpha * found.kl - alpha * found.log_z, 1e-8);
  EXPECT_NEAR(loss, found.actor_loss, 1e-8);
  EXPECT_GT(found.kl, 0.1);
}

TEST(BoltzmannTarget, SamplingAgreesWithinItsErrors) {
  const std::vector<double> mu = {0.3, -0.5, 0.1, 0.0, 0.4}, log_std = {-0.7, -0.2, -0.5, -0.4, -0.6};
  const std::vector<double> mu0 = {0.1, -0.2, 0.2, 0.1, 0.3}, log_std0 = {-0.4, -0.6, -0.5, -0.3, -0.5};
  const double alpha = 0.5, c = -2.0;
  for (const std::size_t dim : {1u, 2u, 5u}) {
    const GaussianPolicyView policy{PolicyKind::squashed_gaussian, std::span(mu).first(dim),
                                    std::span(log_std).first(dim)};
    const GaussianPolicyView target{PolicyKind::squashed_gaussian, std::span(mu0).first(dim),
                                    std::span(log_std0).first(dim)};
    int outside = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Rng rng(seed, StreamKind::test);
      const BoltzmannEstimate found = boltzmann_by_sampling(policy, values_of(target, alpha, c), alpha, 4000, rng);
      const double kl = gaussian_kl(policy, target);
      outside += std::fabs(found.log_z - c / alpha) > 2.0 * found.log_z_error ? 1 : 0;
      EXPECT_LT(std::fabs(found.log_z - c / alpha), 4.5 * found.log_z_error);
      EXPECT_LT(std::fabs(found.kl - kl), 4.5 * found.kl_error);
      EXPECT_LT(std::fabs(found.actor_loss - (alpha * kl - c)), 4.5 * found.actor_loss_error);
      EXPECT_GT(found.effective_samples, 200.0);
      EXPECT_LE(found.effective_samples, 4000.0);
    }
    EXPECT_LE(outside, 5);  // 5 % of 20 are expected
  }
}

TEST(BoltzmannTarget, WhatHasNoTargetIsRefused) {
  const std::vector<double> mu(3, 0.0), log_std(3, 0.0);
  const ActionValues q = [](std::span<const double>, std::span<double> out) { std::fill(out.begin(), out.end(), 0.0); };
  Rng rng(1);
  const GaussianPolicyView plain{PolicyKind::gaussian, std::span(mu).first(1), std::span(log_std).first(1)};
  EXPECT_THROW(boltzmann_by_quadrature(plain, q, 1.0), ConfigError);
  EXPECT_THROW(boltzmann_by_sampling(plain, q, 1.0, 100, rng), ConfigError);
  const GaussianPolicyView three{PolicyKind::squashed_gaussian, mu, log_std};
  EXPECT_THROW(boltzmann_by_quadrature(three, q, 1.0), ConfigError);
  EXPECT_THROW(boltzmann_by_sampling(three, q, 0.0, 100, rng), ConfigError);
  // Uniform values: Z is the volume, also where the policy is very narrow and far out.
  const std::vector<double> far(3, 6.0), narrow(3, -5.0);
  const BoltzmannEstimate found =
      boltzmann_by_sampling({PolicyKind::squashed_gaussian, far, narrow}, q, 1.0, 10'000, rng);
  EXPECT_NEAR(found.log_z, 3.0 * std::log(2.0), 4.5 * found.log_z_error);
}

// Q = α log π0 for a mixture π0: the mixture itself is at KL 0, its best single Gaussian is not, and quadrature and
// sampling agree on both.
TEST(BoltzmannTarget, OfAMixture) {
  const std::vector<double> mu = {-0.8, 0.9}, log_std = {-1.5, -1.0}, log_weight = {std::log(0.4), std::log(0.6)};
  const GaussianPolicyView mixture{PolicyKind::squashed_gaussian, mu, log_std, log_weight};
  const double alpha = 0.2;
  const ActionValues q = values_of(mixture, alpha, 0.3);
  const BoltzmannEstimate itself = boltzmann_by_quadrature(mixture, q, alpha);
  EXPECT_NEAR(itself.kl, 0.0, 1e-8);
  EXPECT_NEAR(itself.log_z, 0.3 / alpha, 1e-8);
  // One component alone: almost all its mass is where the other has none, so KL = −log of its weight, nearly.
  const GaussianPolicyView second{PolicyKind::squashed_gaussian, std::span(mu).subspan(1),
                                  std::span(log_std).subspan(1)};
  EXPECT_NEAR(boltzmann_by_quadrature(second, q, alpha).kl, -std::log(0.6), 1e-2);
  // Two equal components are one Gaussian.
  const std::vector<double> twice_mu = {0.1, 0.1}, twice_log_std = {-0.3, -0.3};
  const GaussianPolicyView one{PolicyKind::squashed_gaussian, std::span(twice_mu).first(1),
                               std::span(twice_log_std).first(1)};
  const GaussianPolicyView twice{PolicyKind::squashed_gaussian, twice_mu, twice_log_std, log_weight};
  const BoltzmannEstimate a = boltzmann_by_quadrature(one, q, alpha), b = boltzmann_by_quadrature(twice, q, alpha);
  EXPECT_NEAR(a.kl, b.kl, 1e-10);
  EXPECT_GT(a.kl, 0.5);
  Rng rng(2, StreamKind::test);
  const BoltzmannEstimate sampled = boltzmann_by_sampling(twice, q, alpha, 20'000, rng);
  EXPECT_NEAR(sampled.kl, b.kl, 4.0 * sampled.kl_error);
  const BoltzmannEstimate sampled_itself = boltzmann_by_sampling(mixture, q, alpha, 20'000, rng);
  EXPECT_NEAR(sampled_itself.kl, 0.0, 4.0 * sampled_itself.kl_error);
}

// Correlated components: u = μ + L ε with L = diag(σ)(I + N) has the density of N(μ, L Lᵀ).
TEST(BoltzmannTarget, OfACorrelatedGaussian) {
  const std::vector<double> mu = {0.2, -0.3}, log_std = {-0.7, -1.0}, shear = {1.5}, eps = {0.4, -0.8};
  const GaussianPolicyView policy{PolicyKind::squashed_gaussian, mu, log_std, {}, shear};
  const double s0 = std::exp(log_std[0]), s1 = std::exp(log_std[1]);
  const double v0 = s0 * eps[0], v1 = s1 * (eps[1] + shear[0] * eps[0]);
  // The inverse of L Lᵀ by its determinant (σ₀σ₁)².
  const double a = s0 * s0, b = s0 * s1 * shear[0], c = s1 * s1 * (1.0 + shear[0] * shear[0]);
  const double square = (c * v0 * v0 - 2.0 * b * v0 * v1 + a * v1 * v1) / (a * c - b * b);
  std::vector<double> action(2);
  const double log_pi = squashed_log_density(policy, eps, action);
  double expected = -0.5 * square - std::log(s0 * s1) - std::log(2.0 * std::numbers::pi);
  for (std::size_t d = 0; d < 2; ++d) {
    EXPECT_NEAR(action[d], std::tanh(mu[d] + (d == 0 ? v0 : v1)), 1e-12);
    expected -= std::log(1.0 - action[d] * action[d]);
  }
  EXPECT_NEAR(log_pi, expected, 1e-10);
  EXPECT_NEAR(squashed_log_density_at(policy, action), expected, 1e-10);
  const double alpha = 0.5;
  const BoltzmannEstimate itself = boltzmann_by_quadrature(policy, values_of(policy, alpha, 0.3), alpha);
  EXPECT_NEAR(itself.kl, 0.0, 1e-6);
  EXPECT_NEAR(itself.log_z, 0.3 / alpha, 1e-6);
}

}  // namespace
}  // namespace softac

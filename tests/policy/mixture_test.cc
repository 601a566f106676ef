// The mixture of squashed Gaussians: its density, its special cases and its gradients far from where one component
// alone counts.
#include "policy/mixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "agent/state.h"

namespace softac {
namespace {

GaussianShape shape_of(int act_dim, bool squash = true) {
  return {act_dim, num_panels(act_dim), num_panels(2 * act_dim), squash, false, -20.0, 2.0};
}

// Rows of a mixture with heads of their own.
template <class T>
struct Rows {
  Rows(int act_dim, int components, int rows, bool squash = true)
      : policy(shape_of(act_dim, squash), components), samples(policy.make_samples(arena, rows)) {}
  const MixturePolicy<T>& mixture() const { return policy; }
  Arena arena;
  MixturePolicy<T> policy;
  WeightedActions<T> samples;
};

// Sample 0 is moved through the actions by its noise; its density must integrate to 1.
TEST(Mixture, DensityIntegratesToOne) {
  Rows<double> rows(1, 3, 1);
  const double mu[] = {-0.9, 0.1, 0.8}, log_sigma[] = {0.5, -1.5, -0.7}, logits[] = {0.3, -0.4, 1.0};
  for (int k = 0; k < 3; ++k) {
    rows.samples.head.at(0, k) = mu[k];
    rows.samples.head.at(0, 3 + k) = log_sigma[k];
    rows.samples.head.at(0, 6 + k) = logits[k];
  }
  double mass = 0.0, first = 0.0, previous_a = -1.0, previous = 0.0;
  constexpr int kSteps = 20'000;
  for (int i = -kSteps; i <= kSteps; ++i) {
    rows.samples.eps[0] = 9.0 * i / kSteps;
    rows.mixture().sample(*reference_table_double(), rows.samples, 0, 1);
    const double a = rows.samples.action[0], density = std::exp(rows.samples.log_pi[0]);
    mass += 0.5 * (density + previous) * (a - previous_a);
    first += 0.5 * (density * a + previous * previous_a) * (a - previous_a);
    previous_a = a;
    previous = density;
  }
  EXPECT_NEAR(mass, 1.0, 1e-5);
  // The mean action is that of the components by their weights.
  double expected = 0.0, total = 0.0;
  for (int k = 0; k < 3; ++k) {
    double mean = 0.0;
    for (int i = -kSteps; i <= kSteps; ++i) {
      const double e = 9.0 * i / kSteps;
      mean +=
          9.0 / kSteps * std::exp(-0.5 * e * e) / std::sqrt(2.0 * M_PI) * std::tanh(mu[k] + std::exp(log_sigma[k]) * e);
    }
    EXPECT_NEAR(rows.samples.weight[k], std::exp(logits[k]) / (std::exp(0.3) + std::exp(-0.4) + std::exp(1.0)), 1e-12);
    expected += std::exp(logits[k]) * mean;
    total += std::exp(logits[k]);
  }
  EXPECT_NEAR(first, expected / total, 1e-5);
}

// One component, and several equal ones, are the single Gaussian of the kernels: samples, densities, gradients. Several
// measure u − μ of the others, where digits go lost if σ is much smaller than μ: so they get no such σ here.
TEST(Mixture, EqualComponentsAreTheSingleGaussian) {
  for (const int components : {1, 4}) {
    for (const bool squash : {true, false}) {
      const int act_dim = 3, count = 5;
      Rows<double> single(act_dim, 2, count, squash), many(act_dim, std::max(components, 2), count, squash);
      const MixturePolicy<double> mixture(shape_of(act_dim, squash), components);
      WeightedActions<double> samples = many.samples;
      samples.num_actions = components;
      samples.head = many.arena.panels<double>(count, mixture.head_columns());
      const KernelTable<double>& k = *reference_table_double();
      Rng rng(4, StreamKind::test);
      for (int r = 0; r < count; ++r) {
        for (int d = 0; d < act_dim; ++d) {
          const double mu = 2.0 * rng.normal(), raw = rng.uniform(components == 1 ? -25.0 : -2.0, 2.5),
                       eps = rng.normal();
          single.samples.head.at(r, d) = mu;
          single.samples.head.at(r, act_dim + d) = raw;
          single.samples.eps[r * act_dim + d] = eps;
          for (int c = 0; c < components; ++c) {
            samples.head.at(r, c * act_dim + d) = mu;
            samples.head.at(r, (components + c) * act_dim + d) = raw;
            samples.eps[samples.at(r, c) * act_dim + d] = eps;
          }
        }
        for (int c = 0; c < components; ++c) samples.head.at(r, 2 * components * act_dim + c) = 0.7;
      }
      const GaussianShape shape = shape_of(act_dim, squash);
      auto& s = single.samples;
      k.gaussian_forward({shape, s.head.data, s.head.panel_stride, s.eps, s.action, s.u, s.sigma, s.log_pi}, 0, count);
      mixture.sample(k, samples, 0, count);

      const double alpha = 0.3, scale = 1.0 / count;
      const std::size_t lanes = static_cast<std::size_t>(components * count * s.width);
      std::vector<double> d_action(lanes), terms(static_cast<std::size_t>(components * count));
      for (int r = 0; r < count; ++r) {
        for (int d = 0; d < act_dim; ++d) {
          const double value = rng.normal();
          for (int c = 0; c < components; ++c)
            d_action[static_cast<std::size_t>((c * count + r) * s.width + d)] = value;
        }
      }
      auto d_single = single.arena.panels<double>(count, 2 * act_dim);
      auto d_head = many.arena.panels<double>(count, mixture.head_columns());
      k.gaussian_backward({shape, s.head.data, s.head.panel_stride, s.eps, s.u, s.sigma, d_action.data(), alpha * scale,
                           d_single.data, d_single.panel_stride},
                          0, count);
      mixture.backward(k, samples, {terms.data(), nullptr, d_action.data(), nullptr, count, alpha}, 0, count, d_head);
      for (int r = 0; r < count; ++r) {
        EXPECT_NEAR(samples.mean_log_pi[r], s.log_pi[r], 1e-11 * (1.0 + std::fabs(s.log_pi[r])));
        for (int c = 0; c < components; ++c) {
          EXPECT_DOUBLE_EQ(samples.weight[samples.at(r, c)], 1.0 / components);
          EXPECT_NEAR(samples.log_pi[samples.at(r, c)], s.log_pi[r], 1e-11 * (1.0 + std::fabs(s.log_pi[r])));
          EXPECT_NEAR(d_head.at(r, 2 * components * act_dim + c), 0.0, 1e-15);
        }
        for (int column = 0; column < 2 * act_dim; ++column) {
          double sum = 0.0, size = 1.0;
          for (int c = 0; c < components; ++c) {
            const double part = d_head.at(r, (column / act_dim * components + c) * act_dim + column % act_dim);
            sum += part;
            size = std::max(size, std::fabs(part));
          }
          EXPECT_NEAR(sum, d_single.at(r, column), 1e-12 * size) << "row " << r << ", column " << column;
        }
      }
    }
  }
}

// Components far apart and of very different widths: nothing overflows, the far ones neither count nor spoil anything.
TEST(Mixture, ExtremeHeadsStayFinite) {
  Rows<float> rows(2, 3, 1);
  const float mu[] = {-20.f, -20.f, 0.f, 0.f, 20.f, 20.f}, raw[] = {-30.f, -20.f, 2.f, 5.f, -20.f, 0.f};
  for (int c = 0; c < 6; ++c) {
    rows.samples.head.at(0, c) = mu[c];
    rows.samples.head.at(0, 6 + c) = raw[c];
    rows.samples.eps[c] = c % 2 == 0 ? -1.5f : 0.5f;
  }
  for (int c = 0; c < 3; ++c) rows.samples.head.at(0, 12 + c) = c == 1 ? 60.f : -60.f;
  rows.mixture().sample(*reference_table_float(), rows.samples, 0, 1);
  std::vector<float> terms = {100.f, 1.f, -100.f}, d_action(48, 0.1f);
  const auto d_head = rows.arena.panels<float>(1, 15);
  rows.mixture().backward(*reference_table_float(), rows.samples,
                          {terms.data(), nullptr, d_action.data(), nullptr, 1, 0.2f}, 0, 1, d_head);
  for (int c = 0; c < 15; ++c) EXPECT_TRUE(std::isfinite(d_head.at(0, c))) << c;
  for (int k = 0; k < 3; ++k) EXPECT_TRUE(std::isfinite(rows.samples.log_pi[k])) << k;
  EXPECT_EQ(rows.samples.weight[1], 1.0f);
  EXPECT_EQ(d_head.at(0, 7), 0.0f) << "raw log sigma below its bound";
}

// By evenly spaced offsets of their means in every dimension, in an order of its own; weights and widths have none.
TEST(Mixture, ComponentsStartApart) {
  SacConfig config;
  config.net_arch = {8};
  config.actor_components = 3;
  const double range = 1.0 / std::sqrt(8.0);  // of any bias without the offsets
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    LearnerState<double> state(2, 2, config, 1, seed);
    const Slot& head = state.actor_layout.slots().back();
    const auto bias = [&](int i) { return state.actor.value[head.offset + head.bias_index(i)]; };
    for (int d = 0; d < 2; ++d) {
      std::vector<int> order = {0, 1, 2};
      std::sort(order.begin(), order.end(), [&](int a, int b) { return bias(2 * a + d) < bias(2 * b + d); });
      for (int place = 0; place < 3; ++place)
        EXPECT_NEAR(bias(2 * order[static_cast<std::size_t>(place)] + d), (place - 1) * std::sqrt(1.5), range);
      orders.insert(order);
    }
    for (int i = 6; i < head.out; ++i) EXPECT_LE(std::fabs(bias(i)), range);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(Mixture, ChoiceFollowsTheWeights) {
  Rows<double> rows(1, 3, 1);
  const double weight[] = {0.25, 0.5, 0.25};
  for (int k = 0; k < 3; ++k) {
    rows.samples.weight[k] = weight[k];
    rows.samples.action_row(0, k)[0] = 0.1 * k;
  }
  double action = 0.0;
  bool finite = true;
  EXPECT_EQ(rows.mixture().choose(rows.samples, 0, nullptr, &action, finite), 1) << "the most probable one";
  EXPECT_EQ(action, 0.1);
  Rng rng(3, StreamKind::test);
  double share[3] = {};
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = Rng(rng).uniform();  // what the choice will draw
    const int k = rows.mixture().choose(rows.samples, 0, &rng, &action, finite);
    EXPECT_EQ(k, u < 0.25 ? 0 : u < 0.75 ? 1 : 2);
    EXPECT_EQ(action, 0.1 * k);
    share[k] += 1.0 / kDraws;
  }
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(share[k], weight[k], 0.02);
  EXPECT_TRUE(finite);
}

}  // namespace
}  // namespace softac

// Each diagnostic against a case with a known answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "diag/feature_stats.h"
#include "diag/learner_probe.h"
#include "diag/soft_returns.h"
#include "math/arena.h"

namespace softac {
namespace {

TEST(SoftReturns, CountEntropyFromTheNextStepOn) {
  const double reward[] = {1.0, 2.0, 4.0}, entropy[] = {100.0, 0.5, 0.25};
  double out[3];
  soft_returns(reward, entropy, 0.5, 2.0, 8.0, out);
  EXPECT_DOUBLE_EQ(out[2], 4.0 + 0.5 * 8.0);
  EXPECT_DOUBLE_EQ(out[1], 2.0 + 0.5 * (out[2] + 2.0 * 0.25));
  EXPECT_DOUBLE_EQ(out[0], 1.0 + 0.5 * (out[1] + 2.0 * 0.5));
}

// normalize_reward: values and α in units of the rewards, whatever units the networks have.
TEST(LearnerProbe, SpeaksInUnitsOfTheRewards) {
  SacConfig config;
  config.net_arch = {12};
  config.batch_size = 8;
  config.ent_coef = 0.5;
  SacConfig scaled = config;
  scaled.normalize_reward = NormalizeReward::return_std;
  SacAgent agent(3, 1, scaled, 1), plain(3, 1, config, 1);
  for (int i = 0; i < 50; ++i) agent.observe_reward(0, static_cast<float>(i % 7) * 30.0f, i % 10 == 9);
  const double unit = agent.reward_unit();
  ASSERT_GT(unit, 30.0);
  LearnerProbe probe(3, 1, scaled, ""), other(3, 1, config, "");
  probe.copy(agent.model_tensors());
  other.copy(plain.model_tensors());
  EXPECT_DOUBLE_EQ(probe.alpha(), 0.5 * unit);
  const std::vector<float> obs = {0.1f, -0.2f, 0.3f}, action = {0.4f};
  std::vector<double> q(1), raw(1);
  probe.values(obs, action, 1, false, q);
  other.values(obs, action, 1, false, raw);
  EXPECT_DOUBLE_EQ(q[0], unit * raw[0]);
}

TEST(FeatureStats, EigenvaluesOfAKnownMatrix) {
  // Q diag(λ) Qᵀ of a chain of plane rotations.
  constexpr int n = 40;
  std::vector<double> a(n * n, 0.0), wanted;
  for (int i = 0; i < n; ++i) {
    wanted.push_back(i < 3 ? 0.0 : i < 6 ? 2.0 : 0.1 * i * i);
    a[static_cast<std::size_t>(i * n + i)] = wanted.back();
  }
  Rng rng(3, StreamKind::test);
  for (int turn = 0; turn < 400; ++turn) {
    const auto i = rng.below(n), j = (i + 1 + rng.below(n - 1)) % n;
    const double angle = rng.uniform(0.0, 6.0), c = std::cos(angle), s = std::sin(angle);
    for (std::size_t k = 0; k < n; ++k) {
      const double x = a[i * n + k], y = a[j * n + k];
      a[i * n + k] = c * x - s * y;
      a[j * n + k] = s * x + c * y;
    }
    for (std::size_t k = 0; k < n; ++k) {
      const double x = a[k * n + i], y = a[k * n + j];
      a[k * n + i] = c * x - s * y;
      a[k * n + j] = s * x + c * y;
    }
  }
  const std::vector<double> found = symmetric_eigenvalues(a, n);
  std::sort(wanted.begin(), wanted.end());
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(found[i], wanted[i], 1e-11) << i;
}

TEST(FeatureStats, RankOfKnownMatrices) {
  Arena arena;
  for (const auto& [rows, cols] : {std::pair{30, 20}, {20, 30}}) {
    const auto x = arena.panels<float>(rows, cols);
    EXPECT_EQ(effective_rank(x), 0);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) x.at(r, c) = static_cast<float>((r + 1) * (c - 7));
    }
    EXPECT_EQ(effective_rank(x), 1);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) x.at(r, c) = r == c && r < 10 ? 1.0f : 0.0f;
    }
    EXPECT_EQ(effective_rank(x), 10);  // ten equal singular values: nine are 90 % of the sum
    EXPECT_EQ(effective_rank(x, 0.15), 9);
    for (int i = 5; i < 10; ++i) x.at(i, i) = 1e-4f;
    EXPECT_EQ(effective_rank(x), 5);
  }
}

TEST(FeatureStats, DeadColumns) {
  Arena arena;
  const auto x = arena.panels<float>(6, 20);
  for (int c = 0; c < 15; ++c) x.at(c % 6, c) = 0.5f;
  EXPECT_DOUBLE_EQ(dead_share(x), 0.25);
  EXPECT_DOUBLE_EQ(zero_share(x), 1.0 - 15.0 / 120.0);
}

constexpr int kObs = 3, kRows = 64;

SacConfig small_config() {
  SacConfig config;
  config.net_arch = {20, 12};
  config.batch_size = kRows;
  config.ent_coef_auto = false;
  config.ent_coef = 0.5;
  return config;
}

// Tensors whose name contains `part` become `value`.
void set(SacAgent& agent, const std::string& part, float value) {
  int found = 0;
  for (const TensorRef& tensor : agent.model_tensors()) {
    if (tensor.name.find(part) == std::string::npos) continue;
    std::size_t size = 1;
    for (const std::int64_t n : tensor.shape) size *= static_cast<std::size_t>(n);
    tensor.write(std::vector<float>(size, value));
    ++found;
  }
  ASSERT_GT(found, 0) << part;
}

class Probed {
 public:
  Probed(int act_dim, const SacConfig& config) : agent(kObs, act_dim, config, 1), act_dim_(act_dim) {}

  void measure(std::int64_t number = 1) {
    const auto probe = std::make_unique<LearnerProbe>(kObs, act_dim_, agent.config(), "");
    probe->copy(agent.model_tensors());
    const auto batch = probe->batch();
    Rng rng(9, StreamKind::test);
    for (int r = 0; r < 2 * kRows; ++r) {
      for (int c = 0; c < kObs + act_dim_; ++c) batch.x.at(r, c) = static_cast<float>(rng.uniform(-1.0, 1.0));
    }
    values.clear();
    probe->measure(5, number, values);
  }
  double at(const std::string& name) const {
    for (const DiagnosticValue& value : values) {
      if (value.name == "diag/" + name) return value.value;
    }
    ADD_FAILURE() << "no value " << name;
    return 0.0;
  }
  bool has(const std::string& name) const {
    return std::ranges::any_of(values, [&](const DiagnosticValue& v) { return v.name == "diag/" + name; });
  }

  SacAgent agent;
  std::vector<DiagnosticValue> values;

 private:
  int act_dim_;
};

TEST(Diagnostics, ShareOfTheSmallerCritic) {
  Probed p(2, small_config());
  set(p.agent, "critic.0.", 0.0f);
  set(p.agent, "critic.1.", 0.0f);
  p.measure();
  EXPECT_EQ(p.at("min_share_0"), 1.0) << "ties go to the first";
  EXPECT_EQ(p.at("min_share_1"), 0.0);
  for (const TensorRef& tensor : p.agent.model_tensors()) {
    if (tensor.name.starts_with("critic.1.") && tensor.shape == std::vector<std::int64_t>{1}) {
      const float lower = -1.0f;
      tensor.write(std::span(&lower, 1));
    }
  }
  p.measure();
  EXPECT_EQ(p.at("min_share_1"), 1.0);
}

TEST(Diagnostics, DeadUnitsAndRankOfFeatures) {
  Probed p(2, small_config());
  set(p.agent, "actor.layers.0.weight", 0.0f);
  set(p.agent, "actor.layers.0.bias", 1.0f);
  p.measure();
  EXPECT_EQ(p.at("effective_rank_actor"), 1.0) << "every state looks the same";
  set(p.agent, "actor.layers.1.bias", -1e9f);
  set(p.agent, "critic.1.layers.0.bias", -1e9f);
  p.measure();
  EXPECT_DOUBLE_EQ(p.at("dead_units_actor"), 12.0 / 32.0);
  EXPECT_DOUBLE_EQ(p.at("zeros_actor"), 12.0 / 32.0) << "the other layer is 1 everywhere";
  EXPECT_GE(p.at("zeros_critic_1"), 20.0 / 32.0);
  EXPECT_GT(p.at("zeros_critic_0"), p.at("dead_units_critic_0"));
  EXPECT_EQ(p.at("effective_rank_actor"), 0.0);
  EXPECT_GE(p.at("dead_units_critic_1"), 20.0 / 32.0);
  EXPECT_LT(p.at("dead_units_critic_0"), 0.3);
  EXPECT_GT(p.at("effective_rank_critic_0"), 1.0);
  SacConfig smooth = small_config();
  smooth.activation_fn = Activation::tanh;
  Probed q(2, smooth);
  q.measure();
  EXPECT_FALSE(q.has("dead_units_actor"));
  EXPECT_FALSE(q.has("zeros_actor"));
}

// The policy's own output is constant: μ and log σ given, whatever the state.
void set_policy(SacAgent& agent, float mu, float log_std) {
  set(agent, "actor.mu.weight", 0.0f);
  set(agent, "actor.log_std.weight", 0.0f);
  set(agent, "actor.mu.bias", mu);
  set(agent, "actor.log_std.bias", log_std);
}

TEST(Diagnostics, EntropyOfAKnownPolicy) {
  Probed p(2, small_config());
  set_policy(p.agent, 0.0f, -4.0f);
  p.measure();
  // tanh is the identity there: two Gaussians of log σ = −4.
  const double wanted = 2.0 * (-4.0 + 0.5 * std::log(2.0 * M_PI * M_E));
  EXPECT_LT(p.at("entropy_low"), wanted);
  EXPECT_GT(p.at("entropy_high"), wanted);
  EXPECT_NEAR(p.at("entropy"), wanted, 0.5);
  EXPECT_NEAR(p.at("entropy_high") - p.at("entropy_low"), 2.0 * 1.96 / std::sqrt(kRows), 0.25);  // Var(ε²/2 + ε²/2) = 1
  EXPECT_EQ(p.at("entropy_target"), -2.0);
  EXPECT_EQ(p.at("saturated_actions"), 0.0);
  set_policy(p.agent, 6.0f, -4.0f);
  p.measure();
  EXPECT_EQ(p.at("saturated_actions"), 1.0);
}

// Q constant: the target is uniform on [−1, 1]^A, and KL = A log 2 − H(π).
TEST(Diagnostics, DivergenceFromAKnownTarget) {
  for (const int act_dim : {1, 2, 5}) {
    Probed p(act_dim, small_config());
    for (const char* critic : {"critic.0.", "critic.1."}) set(p.agent, critic, 0.0f);
    set_policy(p.agent, 0.0f, -1.0f);
    p.measure();
    // H of one dimension, by the trapezium rule over ε.
    double entropy = 0.0;
    for (int i = -800; i <= 800; ++i) {
      const double eps = 0.01 * i, u = std::exp(-1.0) * eps;
      const double log_pi =
          -0.5 * eps * eps + 1.0 - 0.5 * std::log(2.0 * M_PI) - std::log1p(-std::pow(std::tanh(u), 2));
      entropy -= 0.01 * std::exp(-0.5 * eps * eps) / std::sqrt(2.0 * M_PI) * log_pi;
    }
    const double wanted = act_dim * (std::log(2.0) - entropy);
    if (act_dim == 1) {
      EXPECT_NEAR(p.at("kl"), wanted, 1e-5);
      EXPECT_LT(p.at("kl_error"), 1e-6);
      EXPECT_FALSE(p.has("kl_effective_samples"));
    } else {
      EXPECT_GT(p.at("kl_error"), 0.0);
      EXPECT_LT(p.at("kl_error"), 0.1);
      EXPECT_NEAR(p.at("kl"), wanted, 4.0 * p.at("kl_error"));
      EXPECT_GT(p.at("kl_effective_samples"), 20.0);
      EXPECT_LE(p.at("kl_effective_samples"), 128.0);
    }
  }
  SacConfig hard = small_config();
  hard.ent_coef = 0.0;
  Probed p(2, hard);
  p.measure();
  EXPECT_TRUE(std::isnan(p.at("kl")));
  SacConfig plain = small_config();
  plain.policy = PolicyKind::gaussian;
  Probed q(2, plain);
  q.measure();
  EXPECT_FALSE(q.has("kl"));
}

TEST(Diagnostics, GradientEstimators) {
  Probed p(2, small_config());
  double z = 0.0, plain = 0.0, baseline = 0.0;
  constexpr int kNumber = 30;
  // Q far from 0 is what a baseline takes out.
  for (const TensorRef& tensor : p.agent.model_tensors()) {
    if (tensor.name.starts_with("critic.") && tensor.shape == std::vector<std::int64_t>{1}) {
      const float level = 20.0f;
      tensor.write(std::span(&level, 1));
    }
  }
  for (int number = 0; number < kNumber; ++number) {
    p.measure(number);
    z += p.at("grad_z_baseline") * p.at("grad_z_baseline") / kNumber;
    plain += p.at("grad_variance_ratio") / kNumber;
    baseline += p.at("grad_variance_ratio_baseline") / kNumber;
  }
  EXPECT_LT(z, 3.5);  // t² with 5 degrees of freedom: 5/3
  EXPECT_GT(z, 0.5);
  EXPECT_GT(plain, 10.0 * baseline);
}

TEST(Diagnostics, DependOnSeedAndNumberAlone) {
  Probed p(3, small_config());
  p.measure(4);
  const auto first = p.values;
  p.measure(4);
  ASSERT_EQ(p.values.size(), first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(p.values[i].name, first[i].name);
    EXPECT_EQ(p.values[i].value, first[i].value) << first[i].name;
  }
  const double before = p.at("entropy");
  p.measure(5);
  EXPECT_NE(p.at("entropy"), before);
}

TEST(Diagnostics, ReadTheLearnerAndChangeNothing) {
  Probed p(3, small_config());
  const std::uint64_t before = p.agent.state_hash();
  p.measure();
  EXPECT_EQ(p.agent.state_hash(), before);
}

// Discrete actions: uniform policy, and a Q that is known.
TEST(Diagnostics, OfDiscreteActions) {
  SacConfig config = small_config();
  config.num_actions = 4;
  Probed p(1, config);
  set(p.agent, "actor.", 0.0f);
  for (const char* critic : {"critic.0.", "critic.1."}) set(p.agent, critic, 0.0f);
  p.measure();
  EXPECT_NEAR(p.at("entropy"), std::log(4.0), 1e-6);
  EXPECT_NEAR(p.at("kl"), 0.0, 1e-6);
  EXPECT_NEAR(p.at("min_share_0"), 1.0, 1e-6);
  EXPECT_NEAR(p.at("entropy_target"), 0.5 * std::log(4.0), 1e-6);
  EXPECT_FALSE(p.has("grad_z"));
  // Q = (1, 0, 0, 0) with α = 0.5: log Z = log(e² + 3), and the uniform policy stands at −log 4 − 0.5 + log Z.
  for (const TensorRef& tensor : p.agent.model_tensors()) {
    if (tensor.name.starts_with("critic.") && tensor.shape == std::vector<std::int64_t>{4})
      tensor.write(std::vector<float>{1.0f, 0.0f, 0.0f, 0.0f});
  }
  p.measure();
  EXPECT_NEAR(p.at("kl"), std::log(std::exp(2.0) + 3.0) - 0.5 - std::log(4.0), 1e-5);
}

}  // namespace
}  // namespace softac

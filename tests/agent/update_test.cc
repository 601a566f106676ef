// The update as a whole: the same bits from every backend and number of threads, no allocation, and what its settings
// mean.
#include "agent/update.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "softac/agent.h"
#include "softac/error.h"
#include "softac/sac_settings.h"
#include "support/allocation_counter.h"
#include "support/learner_variants.h"
#include "support/random_batch.h"

namespace softac {
namespace {

// What the running statistics of observations see beside the batches.
void observe(SacAgent& agent, std::uint64_t seed) {
  Rng rng(seed, StreamKind::test, 1);
  std::vector<float> obs(static_cast<std::size_t>(agent.obs_dim()) * 3);
  for (float& x : obs) x = static_cast<float>(2.0 + 3.0 * rng.normal());
  agent.observe(obs, 3);
  for (int i = 0; i < 3; ++i) {
    const bool done = rng.uniform() < 0.3;
    agent.observe_reward(0, static_cast<float>(5.0 * rng.normal()), done);
  }
}

struct Shape {
  int obs_dim, act_dim;
  SacConfig config;
};

std::vector<Shape> shapes() {
  SacConfig small;
  small.net_arch = {20, 33};
  small.batch_size = 37;
  SacConfig three = small;
  three.n_critics = 3;
  three.activation_fn = Activation::silu;
  three.max_grad_norm = 0.5;
  three.log_std_rule = LogStdRule::tanh;
  three.log_std_min = -5;
  SacConfig plain = small;
  plain.policy = PolicyKind::gaussian;
  plain.activation_fn = Activation::elu;
  plain.policy_delay = 2;
  plain.target_update_interval = 3;
  plain.n_critics = 1;
  SacConfig wide;
  wide.net_arch = {256, 256};
  wide.batch_size = 64;
  wide.activation_fn = Activation::relu;
  SacConfig mixture = small;
  mixture.actor_components = 3;
  mixture.n_target_actions = 2;
  SacConfig first = small;
  first.variant = Variant::state_value;
  first.reward_scale = 5.0;
  first.ent_coef_auto = false;
  first.policy_delay = 2;
  first.max_grad_norm = 0.5;
  return {{17, 6, small}, {3, 1, three}, {40, 17, plain}, {23, 20, wide}, {5, 3, mixture}, {11, 3, first}};
}

std::uint64_t hash_after(const Shape& shape, int updates, const std::string& backend, int threads) {
  SacAgent agent(shape.obs_dim, shape.act_dim, shape.config, 7, threads, backend);
  EXPECT_EQ(agent.backend_name(), backend);
  for (int i = 0; i < updates; ++i) {
    fill(agent.batch(), static_cast<std::uint64_t>(i));
    observe(agent, static_cast<std::uint64_t>(i));
    EXPECT_TRUE(agent.update().finite);
  }
  return agent.state_hash();
}

Shape shape_of(const test::LearnerVariant& variant) {
  SacConfig config;
  config.net_arch = {33, 70};
  config.batch_size = 37;
  config.policy_delay = 2;
  config.max_grad_norm = 0.5;
  config.num_actions = variant.num_actions;
  variant.set(config);
  return {9, variant.num_actions > 0 ? 1 : 4, config};
}

class UpdateOfVariant : public testing::TestWithParam<test::LearnerVariant> {};
INSTANTIATE_TEST_SUITE_P(All, UpdateOfVariant, testing::ValuesIn(test::learner_variants()),
                         [](const auto& suite) { return suite.param.name; });

TEST_P(UpdateOfVariant, HasTheSameBitsEverywhere) {
  const Shape shape = shape_of(GetParam());
  EXPECT_EQ(hash_after(shape, 5, "reference", 1), GetParam().hash);
  for (const std::string& backend : available_backends()) {
    for (int threads : {1, 3})
      EXPECT_EQ(hash_after(shape, 5, backend, threads), GetParam().hash) << backend << ", " << threads << " threads";
  }
}

TEST_P(UpdateOfVariant, AllocatesNothingOnceStarted) {
  const Shape shape = shape_of(GetParam());
  SacAgent agent(shape.obs_dim, shape.act_dim, shape.config, 1, 2);
  std::vector<Rng> noise = {Rng(1, StreamKind::act)};
  std::vector<float> obs(static_cast<std::size_t>(shape.obs_dim), 0.5f),
      action(static_cast<std::size_t>(shape.act_dim));
  fill(agent.batch(), 1);
  const auto step = [&] {
    agent.observe(obs, 1);
    agent.observe_reward(0, 0.5f, false);
    agent.update();
    agent.act(obs, 1, false, noise, action);
  };
  step();
  step();
  const std::int64_t before = test::num_allocations();
  for (int i = 0; i < 4; ++i) step();
  EXPECT_EQ(test::num_allocations(), before);
}

// The batch is the caller's: what it holds after an update is what it held before (a crash bundle, say, stores it).
TEST_P(UpdateOfVariant, LeavesTheBatchAsItWas) {
  const Shape shape = shape_of(GetParam());
  SacAgent agent(shape.obs_dim, shape.act_dim, shape.config, 1);
  const BatchView<float> batch = agent.batch();
  fill(batch, 1);
  const auto contents = [&] {
    std::vector<float> out;
    for (int b = 0; b < batch.batch_size; ++b) {
      for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) out.push_back(batch.x.at(b, c));
      for (int c = 0; c < batch.obs_dim; ++c) out.push_back(batch.x.at(batch.batch_size + b, c));
      out.push_back(batch.reward[b]);
      out.push_back(batch.discount[b]);
    }
    return out;
  };
  const std::vector<float> before = contents();
  observe(agent, 1);
  agent.update();
  EXPECT_EQ(contents(), before);
}

// Tensors and counters are the whole state: a copy continues as the original does.
TEST_P(UpdateOfVariant, ContinuesFromItsTensors) {
  const Shape shape = shape_of(GetParam());
  SacAgent a(shape.obs_dim, shape.act_dim, shape.config, 3), b(shape.obs_dim, shape.act_dim, shape.config, 3);
  const auto update = [](SacAgent& agent) {
    const auto seed = static_cast<std::uint64_t>(agent.num_updates());
    fill(agent.batch(), seed);
    observe(agent, seed);
    EXPECT_TRUE(agent.update().finite);
  };
  for (int i = 0; i < 3; ++i) update(a);
  const auto copy = [](std::vector<TensorRef> from, std::vector<TensorRef> to) {
    ASSERT_EQ(from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      std::size_t size = 1;
      for (const std::int64_t n : from[i].shape) size *= static_cast<std::size_t>(n);
      std::vector<float> values(size);
      std::vector<double> statistics(size);
      from[i].is_double() ? from[i].read_double(statistics) : from[i].read(values);
      to[i].is_double() ? to[i].write_double(statistics) : to[i].write(values);
    }
  };
  copy(a.model_tensors(), b.model_tensors());
  copy(a.optimizer_tensors(), b.optimizer_tensors());
  b.set_counters(a.counters());
  EXPECT_EQ(a.state_hash(), b.state_hash());
  for (int i = 0; i < 3; ++i) update(a), update(b);
  EXPECT_EQ(a.state_hash(), b.state_hash());
}

TEST(Update, SameBitsFromEveryBackendAndNumberOfThreads) {
  for (const Shape& shape : shapes()) {
    const std::uint64_t expected = hash_after(shape, 3, "reference", 1);
    for (const std::string& backend : available_backends()) {
      for (int threads : {1, 2, 3})
        EXPECT_EQ(hash_after(shape, 3, backend, threads), expected) << backend << ", " << threads << " threads";
    }
  }
}

// Hashes of learners trained on one machine: every other machine, compiler and backend must find the same. They change
// only when the algorithm, the order of a sum or the generator changes, and then on purpose.
TEST(Update, HashesAreThoseOfTheFirstMachine) {
  const std::uint64_t golden[] = {8638519642240975200u, 8706007674749349716u,  9906267980911507088u,
                                  3648515185130644848u, 11091548883382546909u, 8829489441008146030u};
  std::size_t i = 0;
  for (const Shape& shape : shapes()) {
    EXPECT_EQ(hash_after(shape, 5, available_backends().front(), 1), golden[i]) << "shape " << i;
    ++i;
  }
}

TEST(Update, SeedsDiffer) {
  SacAgent a(3, 1, SacConfig{}, 1), b(3, 1, SacConfig{}, 1), c(3, 1, SacConfig{}, 2);
  EXPECT_EQ(a.state_hash(), b.state_hash());
  EXPECT_NE(a.state_hash(), c.state_hash());
}

// E10: log π + H̄ > 0 (entropy below its target) must raise α, and the other way round; both forms of the loss.
TEST(Update, TemperatureMovesTowardsTheTargetEntropy) {
  for (EntCoefLoss form : {EntCoefLoss::alpha, EntCoefLoss::log_alpha}) {
    for (double target : {-50.0, 50.0}) {
      SacConfig config;
      config.net_arch = {8};
      config.target_entropy_rule = TargetEntropyRule::number;
      config.target_entropy = target;
      config.ent_coef_loss = form;
      SacAgent agent(3, 2, config, 1);
      fill(agent.batch(), 1);
      const double before = agent.ent_coef();
      const UpdateMetrics metrics = agent.update();
      EXPECT_EQ(metrics.ent_coef, before);
      const bool below = metrics.entropy < target;
      ASSERT_EQ(below, target > 0);
      if (target > 0) {
        EXPECT_GT(agent.ent_coef(), before);
      } else {
        EXPECT_LT(agent.ent_coef(), before);
      }
    }
  }
}

TEST(Update, HardVersionHasNoEntropyTerm) {
  SacConfig config;
  config.net_arch = {8};
  config.ent_coef_auto = false;
  config.ent_coef = 0.0;
  SacUpdate<double> sac(3, 2, config, 1, 1, "");
  fill(sac.batch(), 1);
  sac.draw_noise();
  sac.sample_policy();
  sac.find_targets();
  const auto batch = sac.batch();
  std::vector<double> least(static_cast<std::size_t>(batch.batch_size));
  // The targets are r + discount · min Q alone; the target critics equal the critics before the first step.
  for (int b = 0; b < batch.batch_size; ++b) least[static_cast<std::size_t>(b)] = sac.targets()[b];
  sac.run_with_noise();
  EXPECT_EQ(sac.alpha(), 0.0);
  SacConfig soft = config;
  soft.ent_coef = 0.5;
  SacUpdate<double> other(3, 2, soft, 1, 1, "");
  fill(other.batch(), 1);
  other.draw_noise();
  other.sample_policy();
  other.find_targets();
  for (int b = 0; b < batch.batch_size; ++b) {
    const double entropy_term = 0.5 * batch.discount[b] * other.samples().log_pi[batch.batch_size + b];
    EXPECT_NEAR(other.targets()[b] + entropy_term, least[static_cast<std::size_t>(b)], 1e-12);
  }
}

TEST(Update, TerminatedRowsDoNotBootstrap) {
  SacUpdate<double> sac(3, 2, SacConfig{}, 1, 1, "");
  fill(sac.batch(), 1);
  const auto batch = sac.batch();
  batch.discount[5] = 0.0;
  sac.draw_noise();
  sac.sample_policy();
  sac.find_targets();
  EXPECT_EQ(sac.targets()[5], batch.reward[5]);
}

TEST(Update, DelayAndIntervalCountUpdates) {
  SacConfig config;
  config.net_arch = {8};
  config.policy_delay = 3;
  config.target_update_interval = 2;
  SacUpdate<float> sac(3, 1, config, 1, 1, "");
  auto& state = sac.state();
  for (int i = 0; i < 7; ++i) {
    const float actor_before = state.actor.value[0], target_before = state.critic_target[0];
    fill(sac.batch(), static_cast<std::uint64_t>(i));
    sac.run();
    EXPECT_EQ(state.actor.value[0] != actor_before, i % 3 == 0) << i;
    EXPECT_EQ(state.critic_target[0] != target_before, i % 2 == 1) << i;
  }
  EXPECT_EQ(state.num_updates, 7);
  EXPECT_EQ(state.num_actor_updates, 3);
}

// Updates without an actor step say so, and report nothing of an actor.
TEST(Update, SaysWhichUpdatesHadAnActorStep) {
  SacConfig config;
  config.net_arch = {8};
  config.policy_delay = 3;
  SacAgent agent(3, 1, config, 1);
  for (int i = 0; i < 7; ++i) {
    fill(agent.batch(), static_cast<std::uint64_t>(i));
    const UpdateMetrics metrics = agent.update();
    EXPECT_EQ(metrics.actor_step, i % 3 == 0) << i;
    EXPECT_EQ(metrics.entropy != 0.0, metrics.actor_step) << i;
    EXPECT_EQ(metrics.actor_loss != 0.0, metrics.actor_step) << i;
  }
}

// A learned α is held within its bounds by the learner itself, which allocates nothing for it.
TEST(Update, AlphaIsHeldWithinItsBounds) {
  for (const bool low : {true, false}) {
    SacConfig config;
    config.net_arch = {8};
    config.learning_rate_ent_coef = 0.5;
    config.target_entropy_rule = TargetEntropyRule::number;
    config.target_entropy = low ? -50.0 : 50.0;
    config.ent_coef_min = 0.2;
    config.ent_coef_max = 3.0;
    SacAgent agent(3, 1, config, 1);
    fill(agent.batch(), 1);
    agent.update();
    int held = 0;
    const std::int64_t before = test::num_allocations();
    for (int i = 0; i < 10; ++i) {
      held += agent.update().ent_coef_bound;
      EXPECT_GE(agent.ent_coef(), config.ent_coef_min);
      EXPECT_LE(agent.ent_coef(), config.ent_coef_max);
    }
    EXPECT_EQ(test::num_allocations(), before);
    EXPECT_EQ(held < 0, low);
    EXPECT_GE(std::abs(held), 5);
  }
}

// methods T12: gradients 0.5 and then −0.25 of a parameter that starts at 1. With β1 = 0.5 the second step is zero.
TEST(Update, AlphaHasItsOwnFirstMoment) {
  Backend<double> backend("reference");
  const auto after = [&](double beta1, double beta1_ent_coef, int steps) {
    SacConfig config;
    config.learning_rate = 1e-3;
    config.adam_beta1 = beta1;
    config.adam_beta1_ent_coef = beta1_ent_coef;
    config.ent_coef_loss = EntCoefLoss::log_alpha;
    config.target_entropy_rule = TargetEntropyRule::number;  // H̄ = 0, so that the gradient is −log π
    Arena arena;
    Params<double> log_alpha(arena, kLanes);
    Temperature<double> temperature(1, config, log_alpha, arena);
    log_alpha.value[0] = 1.0;
    int bound = 0;
    for (int t = 1; t <= steps; ++t) {
      temperature.loss(t == 1 ? -0.5 : 0.25);
      temperature.step(backend, t, bound);
    }
    return log_alpha.value[0];
  };
  EXPECT_NEAR(after(0.9, 0.5, 1), 0.999000000020, 1e-12);
  EXPECT_NEAR(after(0.9, 0.5, 2), 0.999000000020, 1e-12);
  EXPECT_NEAR(after(0.9, -1.0, 2), 0.998733662987, 1e-12) << "adam_beta1";
  EXPECT_EQ(after(0.5, -1.0, 2), after(0.9, 0.5, 2));
}

TEST(Update, TheLearningRateFollowsItsSchedule) {
  SacConfig config;
  config.net_arch = {8};
  config.learning_rate = 1e-3;
  config.learning_rate_schedule = LearningRateSchedule::linear;
  config.learning_rate_end = 2e-4;
  config.learning_rate_steps = 4;
  SacAgent agent(3, 1, config, 1);
  for (const double expected : {1e-3, 8e-4, 6e-4, 4e-4, 2e-4, 2e-4}) {
    fill(agent.batch(), 1);
    EXPECT_NEAR(agent.update().learning_rate, expected, 1e-15);
  }
}

// methods: 3e-4 → 1.5e-4 over 10⁶ steps, one of them before the cosine.
TEST(Update, ACosineLeadsFromOneRateToTheOther) {
  SacConfig config;
  config.learning_rate_schedule = LearningRateSchedule::cosine;
  config.learning_rate = 3e-4;
  config.learning_rate_end = 1.5e-4;
  config.learning_rate_steps = 1'000'000;
  const OptimiserRule rule = optimiser_rule(config, -1.0);
  EXPECT_EQ(rule.learning_rate_at(1), 3e-4);
  EXPECT_EQ(rule.learning_rate_at(2), 3e-4) << "w = 1: the cosine begins behind one step";
  EXPECT_NEAR(rule.learning_rate_at(250'001), 2.7803313355e-4, 1e-14);
  EXPECT_NEAR(rule.learning_rate_at(500'001), 2.2500011781e-4, 1e-14);
  EXPECT_NEAR(rule.learning_rate_at(1'000'001), 1.5e-4, 1e-18);
  EXPECT_EQ(rule.learning_rate_at(3'000'000), rule.learning_rate_at(1'000'001));
  config.learning_rate_steps = 4;  // w = 0
  const OptimiserRule small = optimiser_rule(config, 1e-3);
  for (int n = 0; n <= 4; ++n)
    EXPECT_NEAR(small.learning_rate_at(n + 1), 1.5e-4 + 8.5e-4 * 0.5 * (1 + std::cos(M_PI * n / 4)), 1e-16);
}

// methods: H̄/A of σ.
TEST(Update, TargetEntropyByItsRules) {
  SacConfig config;
  const auto target = [&](int act_dim) { return SacUpdate<double>(3, act_dim, config, 0, 1, "").target_entropy(); };
  EXPECT_EQ(target(6), -6.0);
  config.target_entropy_rule = TargetEntropyRule::half;
  EXPECT_EQ(target(3), -1.5);
  config.target_entropy_rule = TargetEntropyRule::sigma;
  const double sigma[] = {0.05, 0.10, 0.15, 0.20, 0.25},
               each[] = {-1.5767937403, -0.8836465598, -0.4781814517, -0.1904993792, 0.0326441721};
  for (int i = 0; i < 5; ++i) {
    config.target_entropy = sigma[i];
    EXPECT_NEAR(target(1), each[i], 6e-11);
    EXPECT_NEAR(target(17), 17 * each[i], 2e-9);
  }
  config.target_entropy_rule = TargetEntropyRule::number;
  EXPECT_EQ(target(17), 0.25);
}

TEST(Update, ContinuousTargetEntropiesAreRefusedWithDiscreteActions) {
  SacConfig config;
  config.num_actions = 3;
  for (const auto& [rule, text] :
       {std::pair(TargetEntropyRule::half, "half: "), std::pair(TargetEntropyRule::sigma, "sigma_0.15: ")}) {
    config.target_entropy_rule = rule;
    config.target_entropy = 0.15;
    const auto violations = validate(config, 4, 1);
    ASSERT_EQ(violations.size(), 1u);
    EXPECT_EQ(violations[0].key, "target_entropy");
    EXPECT_TRUE(violations[0].message.starts_with(text)) << violations[0].message;
  }
  config.num_actions = 0;
  config.target_entropy = -0.1;
  EXPECT_EQ(validate(config, 4, 1).size(), 1u) << "σ < 0";
}

// methods: the moments of 1, 3, −2 from mean 0, variance 1 and count 1e-4.
TEST(Update, ObservationStatistics) {
  SacConfig config;
  config.normalize_obs = true;
  ObsNormaliser<double> norm(1, config);
  const double x[] = {1.0, 3.0, -2.0}, mean[] = {0.99990001, 1.999900005, 0.6666444452},
               variance[] = {0.00019997, 1.00019998, 4.2221296322};
  for (int i = 0; i < 3; ++i) {
    norm.observe(std::span(x + i, 1));
    EXPECT_NEAR(norm.mean[0], mean[i], 6e-9);
    EXPECT_NEAR(norm.variance[0], variance[i], 6e-9);
  }
  norm.refresh();
  EXPECT_NEAR(norm.apply(0, 2.0), (2.0 - norm.mean[0]) / std::sqrt(norm.variance[0] + 1e-8), 1e-14);
  config.obs_norm_clip = 0.5;
  ObsNormaliser<double> clipped(1, config);
  EXPECT_EQ(clipped.apply(0, 7.0), 0.5);
  EXPECT_EQ(clipped.apply(0, -7.0), -0.5);
}

// The network of state values is due in every update, its target like other targets; critics have none.
TEST(Update, StateValuesLearnAtEveryUpdate) {
  SacConfig config;
  config.variant = Variant::state_value;
  config.net_arch = {8};
  config.policy_delay = 3;
  config.target_update_interval = 2;
  SacUpdate<float> sac(3, 1, config, 1, 1, "");
  auto& state = sac.state();
  for (int i = 0; i < 7; ++i) {
    const float actor = state.actor.value[0], value = state.value.value[0], target = state.value_target[0];
    fill(sac.batch(), static_cast<std::uint64_t>(i));
    const UpdateMetrics metrics = sac.run();
    EXPECT_GT(metrics.value_loss, 0.0);
    EXPECT_EQ(state.actor.value[0] != actor, i % 3 == 0) << i;
    EXPECT_NE(state.value.value[0], value) << i;
    EXPECT_EQ(state.value_target[0] != target, i % 2 == 1) << i;
  }
  for (const TensorRef& tensor : state.model_tensors()) EXPECT_FALSE(tensor.name.starts_with("target.critic"));
  config.n_target_actions = 2;
  EXPECT_THROW(SacAgent(3, 1, config, 1), ConfigError);
}

TEST(Update, RewardScaleMultipliesTheRewardAlone) {
  for (const Variant variant : {Variant::sac, Variant::state_value}) {
    SacConfig config;
    config.variant = variant;
    std::vector<double> targets[2];
    for (const double scale : {1.0, 4.0}) {
      config.reward_scale = scale;
      SacUpdate<double> sac(3, 2, config, 1, 1, "");
      fill(sac.batch(), 1);
      sac.draw_noise();
      sac.sample_policy();
      sac.find_targets();
      for (int b = 0; b < config.batch_size; ++b)
        targets[scale > 1.0].push_back(sac.targets()[b] - scale * sac.batch().reward[b]);
    }
    for (std::size_t b = 0; b < targets[0].size(); ++b) EXPECT_NEAR(targets[0][b], targets[1][b], 1e-12);
  }
}

// The order of the steps shows where a part takes what another has just changed.
TEST(Update, TheActorCanGoFirst) {
  SacConfig config;
  config.net_arch = {16};
  config.batch_size = 12;
  config.policy_delay = 2;
  SacConfig critics_fixed = config, actor_fixed = config;
  critics_fixed.learning_rate_critic = 0.0;
  actor_fixed.learning_rate_actor = actor_fixed.learning_rate_ent_coef = 0.0;
  const auto after = [](SacConfig c, UpdateOrder order, int updates) {
    c.update_order = order;
    SacUpdate<double> sac(4, 2, c, 1, 1, "");
    std::vector<UpdateMetrics> metrics;
    for (int i = 0; i < updates; ++i) {
      fill(sac.batch(), static_cast<std::uint64_t>(i));
      metrics.push_back(sac.run());
    }
    return std::pair(sac.state().hash(), metrics);
  };
  constexpr auto kCritics = UpdateOrder::critic_first, kActor = UpdateOrder::actor_first;
  EXPECT_NE(after(config, kActor, 3).first, after(config, kCritics, 3).first);
  const auto first = after(config, kActor, 2).second, second = after(config, kCritics, 2).second;
  EXPECT_TRUE(first[0].actor_step);
  EXPECT_FALSE(first[1].actor_step);
  EXPECT_NE(first[0].actor_loss, second[0].actor_loss) << "the actor sees the critics before their step";
  EXPECT_NE(first[0].target_mean, second[0].target_mean) << "targets take the new actor and α";
  EXPECT_EQ(first[0].ent_coef, 1.0);
  // A frozen part leaves no trace of the order in the other: actor and α need only the old critics, or targets the old
  // actor.
  EXPECT_EQ(after(critics_fixed, kActor, 1).second[0].actor_loss,
            after(critics_fixed, kCritics, 1).second[0].actor_loss);
  EXPECT_EQ(after(actor_fixed, kActor, 3).second[2].target_mean, after(actor_fixed, kCritics, 3).second[2].target_mean);
}

TEST(Update, WhereTheActorCannotGoFirst) {
  SacConfig config;
  config.update_order = UpdateOrder::actor_first;
  EXPECT_TRUE(validate(config).empty());
  config.variant = Variant::state_value;
  ASSERT_EQ(validate(config).size(), 1u);
  EXPECT_EQ(validate(config)[0].key, "update_order");
  config.variant = Variant::sac;
  config.discrete_policy = DiscretePolicy::boltzmann;
  ASSERT_EQ(validate(config).size(), 1u);
  EXPECT_EQ(validate(config)[0].key, "update_order");
}

TEST(Update, NonFiniteInputIsReportedAtOnce) {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30f}) {
    for (const Variant variant : {Variant::sac, Variant::state_value}) {
      SacConfig config;
      config.variant = variant;
      SacAgent agent(3, 1, config, 1);
      fill(agent.batch(), 1);
      agent.batch().reward[3] = bad;
      EXPECT_FALSE(agent.update().finite) << bad;
    }
  }
}

}  // namespace
}  // namespace softac

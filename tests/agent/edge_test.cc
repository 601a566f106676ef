// Random settings, inside and far outside of their ranges: the constructor says what is wrong with them, or the learner
// works. The settings are drawn through the list of all of them, so a new one takes part without a line here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "nn/network.h"
#include "softac/agent.h"
#include "softac/error.h"
#include "softac/learner.h"
#include "softac/sac_settings.h"

namespace softac::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kDraws = 20'000;
#else
constexpr int kDraws = 100'000;
#endif
constexpr int kParts = 4;  // tests that share the draws

constexpr double kInf = std::numeric_limits<double>::infinity();

template <std::size_t N, class T>
T pick(Rng& rng, const T (&values)[N]) {
  return values[rng.below(N)];
}

int bad_int(Rng& rng) {
  constexpr int values[] = {std::numeric_limits<int>::min(), -1'000'000'000, -5, -1, 0, 1'000'000'000,
                            std::numeric_limits<int>::max()};
  return pick(rng, values);
}
double bad_double(Rng& rng) {
  const double values[] = {std::nan(""), kInf, -kInf, -1e300, 1e300, -3.0, -1.0, -0.5, 0.0, 1.0, 7.0, 5e-324};
  return pick(rng, values);
}

// Draws every setting: in its range and small, or with probability `bad` anything.
struct Draw {
  Rng& rng;
  double bad;

  bool goes_wrong() { return rng.uniform() < bad; }
  int small(const SettingInfo& info) {
    return static_cast<int>(info.low) + static_cast<int>(rng.below(static_cast<std::uint64_t>(
                                            std::min(info.high - info.low, rng.below(4) == 0 ? 7.0 : 2.0) + 1.0)));
  }
  double inside(const SettingInfo& info) {
    const double low = std::max(info.low, -1e3), high = std::min(info.high, 1e3);
    switch (rng.below(8)) {
      case 0:
        return std::isfinite(info.low) && !info.low_open ? info.low : 0.5 * (low + high);
      case 1:
        return std::isfinite(info.high) ? info.high : 1e30;
      case 2:
        return std::max(low, std::min(high, 1e-30));
      case 3:
        return low + (high - low) * (1.0 - rng.uniform());
      default:
        return std::max(low, std::min(high, std::exp(-6.0 * rng.uniform())));
    }
  }

  void operator()(const SettingInfo&, bool& field) { field = rng.below(2) == 0; }
  void operator()(const SettingInfo& info, int& field) { field = goes_wrong() ? bad_int(rng) : small(info); }
  void operator()(const SettingInfo& info, std::int64_t& field) {
    constexpr std::int64_t values[] = {std::numeric_limits<std::int64_t>::min(), -1, std::int64_t{1} << 62};
    field = goes_wrong() ? pick(rng, values) : 1 + small(info);
  }
  void operator()(const SettingInfo& info, double& field) { field = goes_wrong() ? bad_double(rng) : inside(info); }
  void operator()(const SettingInfo& info, std::vector<int>& field) {
    field.clear();
    if (info.name != "net_arch" && rng.below(2) == 0) return;
    const std::uint64_t layers = goes_wrong() ? (rng.below(2) == 0 ? 0 : 17) : 1 + rng.below(3);
    for (std::uint64_t i = 0; i < layers; ++i)
      field.push_back(goes_wrong() ? bad_int(rng) : 1 + static_cast<int>(rng.below(8)));
  }
  template <class Bool, class Double>
  void operator()(const SettingInfo& info, const AutoNumber<Bool, Double>& field) {
    field.automatic = rng.below(2) == 0;
    field.value = goes_wrong() ? bad_double(rng) : inside(info);
  }
  template <class Rule, class Double>
  void operator()(const SettingInfo& info, const EntropyTarget<Rule, Double>& field) {
    field.rule = static_cast<TargetEntropyRule>(goes_wrong() ? 99 : rng.below(4));
    field.value = goes_wrong() ? bad_double(rng) : inside(info);
  }
  // Mostly the first choice, with which most others can be combined.
  template <class Enum>
  void operator()(const SettingInfo&, Enum& field) requires std::is_enum_v<Enum> {
    constexpr int values[] = {99, -1, 1000000};
    const std::uint64_t count = EnumNames<Enum>::value.size();
    field = static_cast<Enum>(goes_wrong()       ? pick(rng, values)
                              : rng.below(3) > 0 ? 0
                                                 : static_cast<int>(rng.below(count)));
  }
};

struct Task {
  SacConfig config;
  int obs_dim = 1, act_dim = 1;
  int threads = 1;
  std::string backend;
};

// What settings ask of each other, as someone would choose them together.
void make_compatible(SacConfig& c) {
  const bool state_value = c.variant == Variant::state_value;
  if (state_value) {
    c.critic_loss = CriticLoss::mse;
    c.joint_batch = JointBatch::off;
    c.target_reduce = TargetReduce::automatic;
    c.n_target_critics = 0;
    c.backup_entropy = true;
    if (joins_rows(c.norm_layer_critic)) c.norm_layer_critic = NormLayer::none;
  }
  if (c.joint_batch != JointBatch::off) c.actor_components = c.n_target_actions = 1;
  if (c.joint_batch != JointBatch::online) c.target_network = TargetNetwork::polyak;
  const bool joins = joins_rows(c.norm_layer_critic);
  if (!joins && !joins_rows(c.norm_layer_actor)) c.norm_input = false;
  if (joins || joins_rows(c.norm_layer_actor)) c.batch_size = std::max(c.batch_size, 2);
  if (c.norm_layer_actor == NormLayer::none && c.norm_layer_critic == NormLayer::none)
    c.norm_place = NormPlace::before_activation;
  if (joins || c.target_network == TargetNetwork::none) {
    c.dropout_rate = 0.0;
    c.n_target_critics = 0;
  }
  if (c.critic_loss == CriticLoss::quantile) {
    c.target_reduce = TargetReduce::automatic;
    c.actor_reduce = ActorReduce::mean;
  }
  if (c.critic_loss == CriticLoss::categorical) {
    c.target_reduce = TargetReduce::min;
    if (!(c.v_min < c.v_max)) c.v_min = -1.0, c.v_max = 1.0;
  }
  if (c.critic_loss == CriticLoss::mse && c.target_reduce == TargetReduce::truncated)
    c.target_reduce = TargetReduce::automatic;
  c.n_target_critics = c.target_reduce == TargetReduce::own ? 0 : std::min(c.n_target_critics, c.n_critics);
}

Task draw_task(Rng& rng) {
  constexpr double badness[] = {0.0, 0.0, 0.02, 0.1, 0.5};
  Draw draw{rng, pick(rng, badness)};
  Task task;
  for_each_setting(task.config, draw);
  if (draw.bad < 0.1 && rng.below(8) > 0) make_compatible(task.config);
  task.config.gamma_auto = draw.goes_wrong();
  if (!draw.goes_wrong() && task.config.kernel_init == WeightInit::zero) task.config.kernel_init = WeightInit::torch;
  if (!draw.goes_wrong() && task.config.variant == Variant::state_value)
    task.config.update_order = UpdateOrder::critic_first;
  const auto size = [&](std::uint64_t most) {
    return draw.goes_wrong() ? bad_int(rng) : 1 + static_cast<int>(rng.below(rng.below(16) == 0 ? most : 3));
  };
  task.obs_dim = size(40);
  task.act_dim = size(40);
  if (rng.below(3) == 0) {
    task.config.num_actions = draw.goes_wrong() ? bad_int(rng) : 2 + static_cast<int>(rng.below(5));
    if (!draw.goes_wrong()) {  // what discrete actions leave at its default
      task.act_dim = 1;
      task.config.target_entropy_rule = TargetEntropyRule::automatic;
      if (task.config.discrete_policy == DiscretePolicy::boltzmann)
        task.config.update_order = UpdateOrder::critic_first;
      task.config.policy = PolicyKind::squashed_gaussian;
      task.config.actor_gradient = ActorGradient::reparameterised;
      task.config.variant = Variant::sac;
      task.config.actor_components = task.config.n_target_actions = 1;
      task.config.actor_covariance = ActorCovariance::diagonal;
      task.config.noise_repeat_max = 1;
      if (task.config.discrete_policy == DiscretePolicy::boltzmann) {
        task.config.n_target_critics = 0;
        task.config.target_network = TargetNetwork::polyak;
        if (joins_rows(task.config.norm_layer_critic)) task.config.norm_layer_critic = NormLayer::none;
        task.config.norm_input = false;
      }
    }
  } else if (!draw.goes_wrong()) {
    task.config.discrete_policy = DiscretePolicy::softmax;
    if (task.config.variant == Variant::state_value) task.config.n_target_actions = 1;
    if (task.config.actor_gradient == ActorGradient::likelihood_ratio) task.config.actor_components = 1;
    if (task.config.actor_components > 1 || task.config.actor_gradient == ActorGradient::likelihood_ratio)
      task.config.actor_covariance = ActorCovariance::diagonal;
  }
  if (draw.bad < 0.1 && !(task.config.log_std_min < task.config.log_std_max)) {
    task.config.log_std_min = -20.0;
    task.config.log_std_max = 2.0;
  }
  for (double* rate :
       {&task.config.learning_rate_actor, &task.config.learning_rate_critic, &task.config.learning_rate_ent_coef}) {
    if (*rate < 0.0 && draw.bad < 0.5) *rate = -1.0;
  }
  if (draw.goes_wrong()) task.threads = bad_int(rng);
  if (draw.goes_wrong()) task.backend = "avx3";
  if (rng.below(4) == 0 && task.backend.empty()) task.backend = "portable";
  return task;
}

std::string text(const Task& task) {
  std::string out = "obs_dim " + std::to_string(task.obs_dim) + ", act_dim " + std::to_string(task.act_dim) +
                    ", num_actions " + std::to_string(task.config.num_actions) + ", threads " +
                    std::to_string(task.threads);
  for_each_setting(task.config, [&](const SettingInfo& info, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    out += ", " + std::string(info.name) + " ";
    if constexpr (std::is_enum_v<Field>) {
      out += std::to_string(static_cast<int>(field));
    } else if constexpr (std::is_arithmetic_v<Field>) {
      out += testing::PrintToString(field);
    } else if constexpr (std::is_same_v<Field, std::vector<int>>) {
      for (const int width : field) out += std::to_string(width) + " ";
    } else if constexpr (requires { field.rule; }) {
      out += std::to_string(static_cast<int>(field.rule)) + "_" + testing::PrintToString(field.value);
    } else {
      out += (field.automatic ? "auto_" : "") + testing::PrintToString(field.value);
    }
  });
  return out;
}

bool all_finite(const UpdateMetrics& m) {
  for (const double x :
       {m.critic_loss, m.value_loss, m.actor_loss, m.ent_coef, m.ent_coef_loss, m.entropy, m.q_mean, m.target_mean}) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

void act_and_check(SacAgent& agent, Rng& rng, bool finite) {
  constexpr int kRows = 3;
  std::vector<float> obs(static_cast<std::size_t>(kRows * agent.obs_dim()));
  std::vector<float> actions(static_cast<std::size_t>(kRows * agent.act_dim()));
  for (float& x : obs) x = static_cast<float>(rng.normal());
  std::vector<Rng> noise(kRows, Rng(1));
  for (const bool deterministic : {true, false}) {
    const bool ok = agent.act(obs, kRows, deterministic, noise, actions);
    if (!ok) continue;
    for (const float a : actions) {
      ASSERT_TRUE(std::isfinite(a));
      ASSERT_TRUE(agent.config().policy == PolicyKind::gaussian || std::fabs(a) <= 1.0f) << a;
    }
  }
  if (agent.config().num_actions > 0) {
    std::vector<float> pi(static_cast<std::size_t>(kRows * agent.config().num_actions));
    agent.action_probabilities(obs, kRows, pi);
  } else if (finite) {
    const PolicyParameters policy = agent.policy_at(std::span(obs).first(static_cast<std::size_t>(agent.obs_dim())));
    ASSERT_EQ(policy.mu.size(), policy.log_weight.size() * static_cast<std::size_t>(agent.act_dim()));
  }
}

void two_updates(SacAgent& agent, Rng& rng) {
  bool finite = true;
  for (int update = 0; update < 2; ++update) {
    const BatchView<float> batch = agent.batch();
    ASSERT_EQ(batch.batch_size, agent.config().batch_size);
    for (int b = 0; b < batch.batch_size; ++b) {
      for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) {
        batch.x.at(b, c) = static_cast<float>(rng.uniform(-1.0, 1.0));
        if (c < batch.obs_dim) batch.x.at(batch.batch_size + b, c) = static_cast<float>(rng.uniform(-1.0, 1.0));
      }
      batch.reward[b] = static_cast<float>(rng.normal());
      batch.discount[b] = static_cast<float>(agent.config().gamma);
    }
    const UpdateMetrics metrics = agent.update();
    ASSERT_TRUE(!metrics.finite || all_finite(metrics))
        << "critic_loss " << metrics.critic_loss << ", value_loss " << metrics.value_loss << ", actor_loss "
        << metrics.actor_loss << ", ent_coef " << metrics.ent_coef << ", ent_coef_loss " << metrics.ent_coef_loss
        << ", entropy " << metrics.entropy << ", q_mean " << metrics.q_mean << ", target_mean " << metrics.target_mean;
    finite = finite && metrics.finite;
  }
  ASSERT_EQ(agent.num_updates(), 2);
  act_and_check(agent, rng, finite);
}

class Edge : public testing::TestWithParam<int> {};

TEST_P(Edge, EveryAgentWorksOrIsRefused) {
  int refused = 0, continuous = 0, discrete = 0;
  for (int i = GetParam(); i < kDraws; i += kParts) {
    Rng rng(0xed6e, StreamKind::test, static_cast<std::uint32_t>(i));
    const Task task = draw_task(rng);
    try {
      SacAgent agent(task.obs_dim, task.act_dim, task.config, 1, task.threads, task.backend);
      ASSERT_THAT(validate(task.config, task.obs_dim, task.act_dim), testing::IsEmpty()) << text(task);
      two_updates(agent, rng);
      ++(task.config.num_actions > 0 ? discrete : continuous);
    } catch (const ConfigError& error) {
      ++refused;
      const bool lawful = validate(task.config, task.obs_dim, task.act_dim).empty() && task.threads >= 0 &&
                          task.threads <= 4096 && task.backend != "avx3";
      ASSERT_FALSE(lawful) << error.what() << "\n" << text(task);
    } catch (const std::exception& error) {
      FAIL() << "draw " << i << ": " << error.what() << "\n" << text(task);
    }
    if (HasFatalFailure()) FAIL() << "draw " << i << "\n" << text(task);
  }
  RecordProperty("refused", refused);
  RecordProperty("continuous", continuous);
  RecordProperty("discrete", discrete);
  // Enough of each kind for the test to mean something.
  EXPECT_GT(refused, kDraws / kParts / 4);
  EXPECT_GT(continuous, kDraws / kParts / 20);
  EXPECT_GT(discrete, kDraws / kParts / 20);
}
INSTANTIATE_TEST_SUITE_P(Parts, Edge, testing::Range(0, kParts));

// The same through Learner, whose options are drawn as well.
TEST(EdgeOfLearner, EveryLearnerWorksOrIsRefused) {
  int refused = 0, works = 0;
  for (int i = 0; i < kDraws / 10; ++i) {
    Rng rng(0xed6f, StreamKind::test, static_cast<std::uint32_t>(i));
    Task task = draw_task(rng);
    LearnerOptions options;
    options.threads = task.threads;
    options.backend = task.backend;
    constexpr std::int64_t sizes[] = {std::numeric_limits<std::int64_t>::min(), -1, 0, 1, 2, 9, 20, 50, 100,
                                      std::numeric_limits<std::int64_t>::max()};
    constexpr int streams[] = {1, 1, 1, 1, 2, 3, 0, -1, 1'000'000'000, std::numeric_limits<int>::max()};
    options.buffer_size = pick(rng, sizes);
    options.num_streams = pick(rng, streams);
    try {
      Learner learner(task.obs_dim, task.act_dim, task.config, options);
      std::vector<float> obs(static_cast<std::size_t>(task.obs_dim), 0.5f), next_obs(obs.size(), 0.25f);
      std::vector<float> action(static_cast<std::size_t>(task.act_dim));
      const int stream = options.num_streams - 1;
      for (int step = 0; step < 6; ++step) {
        learner.random_action(action, stream);
        learner.observe({obs, action, 1.0f, next_obs, step == 2, step == 4}, stream);
        obs.swap(next_obs);
      }
      for (int update = 0; update < 2; ++update) learner.update();
      learner.act(obs, action, false, stream);
      ++works;
    } catch (const ConfigError&) {
      ++refused;
    } catch (const NumericsError&) {  // reported
    } catch (const std::exception& error) {
      FAIL() << "draw " << i << ": " << error.what() << "\nbuffer_size " << options.buffer_size << ", num_streams "
             << options.num_streams << ", " << text(task);
    }
  }
  EXPECT_GT(refused, kDraws / 40);
  EXPECT_GT(works, kDraws / 500);
}

// What used to crash or to be taken, each by itself: one violation that names the setting.
struct Fault {
  const char* key;
  void (*change)(SacConfig&);
};
void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.key;
}
class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, AreNamed) {
  SacConfig config;
  config.net_arch = {8};
  config.batch_size = 8;
  GetParam().change(config);
  try {
    SacAgent agent(3, 2, config, 1);
    FAIL() << "taken";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(std::string("\n  ") + GetParam().key + " = ")) << error.what();
  }
  const auto violations = validate(config, 3, 2);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].key, GetParam().key);
  EXPECT_THAT(violations[0].message, testing::HasSubstr("must ")) << violations[0].message;
}
INSTANTIATE_TEST_SUITE_P(
    Known, Faults,
    testing::Values(Fault{"n_critics", [](SacConfig& c) { c.n_critics = 0; }},
                    Fault{"batch_size", [](SacConfig& c) { c.batch_size = 0; }},
                    Fault{"batch_size", [](SacConfig& c) { c.batch_size = -5; }},
                    Fault{"net_arch",
                          [](SacConfig& c) {
                            c.net_arch = {8, 0};
                          }},
                    Fault{"policy_delay", [](SacConfig& c) { c.policy_delay = 0; }},
                    Fault{"target_update_interval", [](SacConfig& c) { c.target_update_interval = 0; }},
                    Fault{"learning_rate", [](SacConfig& c) { c.learning_rate = -3.0; }},
                    Fault{"learning_rate_actor", [](SacConfig& c) { c.learning_rate_actor = -0.5; }},
                    Fault{"adam_beta1_ent_coef", [](SacConfig& c) { c.adam_beta1_ent_coef = -0.5; }},
                    Fault{"tau", [](SacConfig& c) { c.tau = 7.0; }},
                    Fault{"gamma", [](SacConfig& c) { c.gamma = 3.0; }},
                    Fault{"gamma", [](SacConfig& c) { c.gamma = std::nan(""); }},
                    Fault{"ent_coef", [](SacConfig& c) { c.ent_coef = 0.0; }},
                    Fault{"actor_components", [](SacConfig& c) { c.actor_components = 40; }},
                    Fault{"n_target_actions", [](SacConfig& c) { c.n_target_actions = 0; }},
                    Fault{"log_std_min", [](SacConfig& c) { c.log_std_min = 3.0; }},
                    Fault{"activation_fn", [](SacConfig& c) { c.activation_fn = static_cast<Activation>(99); }},
                    Fault{"num_actions", [](SacConfig& c) { c.num_actions = -1; }},
                    Fault{"net_arch",
                          [](SacConfig& c) {
                            c.net_arch = {65536, 65536};
                          }},
                    Fault{"net_arch", [](SacConfig& c) { c.net_arch = {65536}, c.batch_size = 1 << 20; }}));

TEST(EdgeOfAgent, AllViolationsAreSaidAtOnce) {
  SacConfig config;
  config.n_critics = 0;
  config.batch_size = -5;
  config.tau = 7.0;
  config.discrete_policy = DiscretePolicy::boltzmann;
  try {
    SacAgent agent(0, 513, config, 1, -2, "avx3");
    FAIL() << "taken";
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    for (const char* part : {"obs_dim = 0: must be at least 1", "act_dim = 513: must be at least 1 and at most 512",
                             "n_critics = 0", "batch_size = -5", "tau = 7", "discrete_policy = boltzmann",
                             "threads = -2: must be at least 0 and at most 4096", "backend = avx3: must be one of"}) {
      EXPECT_THAT(message, testing::HasSubstr(part));
    }
  }
}

TEST(EdgeOfAgent, SettingsThatMeanNothingForDiscreteActions) {
  SacConfig config;
  config.num_actions = 3;
  config.policy = PolicyKind::gaussian;
  config.variant = Variant::state_value;
  config.actor_components = 2;
  config.ent_coef_auto = false;
  config.ent_coef = 0.0;
  config.discrete_policy = DiscretePolicy::boltzmann;
  std::vector<std::string> keys;
  for (const auto& violation : validate(config, 2, 2)) keys.push_back(violation.key);
  EXPECT_THAT(keys,
              testing::UnorderedElementsAre("act_dim", "policy", "actor_components", "variant", "discrete_policy"));
}

TEST(EdgeOfAgent, WidestTasksWork) {
  SacConfig config;
  config.net_arch = {4};
  config.batch_size = 2;
  Rng rng(1);
  SacAgent actions(1, kMaxActDim, config, 1);
  two_updates(actions, rng);
  config.actor_components = 32;
  SacAgent mixture(1, kMaxActDim, config, 1);
  two_updates(mixture, rng);
  config.actor_components = 1;
  SacAgent observations(kMaxObsDim / 16, 1, config, 1);
  two_updates(observations, rng);
  config.num_actions = kMaxDiscreteActions;
  SacAgent discrete(1, 1, config, 1);
  two_updates(discrete, rng);
}

TEST(EdgeOfAgent, WhatDoesNotFitIsRefusedBeforeItIsTaken) {
  SacConfig config;
  config.net_arch = {32768, 32768};
  config.n_critics = 64;
  EXPECT_THROW(SacAgent(10, 2, config, 1), MemoryError);
}

TEST(EdgeOfAgent, WrongCallsBreakTheContract) {
  SacConfig config;
  config.net_arch = {4};
  config.batch_size = 2;
  SacAgent agent(2, 3, config, 1);
  std::vector<float> obs(4), actions(6);
  std::vector<Rng> noise(2);
  EXPECT_TRUE(agent.act(obs, 2, false, noise, actions));
  EXPECT_THROW(agent.act({}, 0, true, {}, {}), ContractError);
  EXPECT_THROW(agent.act(obs, -2, true, {}, actions), ContractError);
  EXPECT_THROW(agent.act(obs, 1, true, {}, actions), ContractError);
  EXPECT_THROW(agent.act(obs, 2, true, {}, std::span(actions).first(5)), ContractError);
  EXPECT_THROW(agent.act(obs, 2, false, std::span(noise).first(1), actions), ContractError);
  EXPECT_THROW(agent.policy_at(obs), ContractError);
  EXPECT_THROW(agent.action_probabilities(obs, 2, actions), ContractError);
  EXPECT_THROW(agent.set_counters({-1, 0, 0}), ContractError);
  EXPECT_THROW(agent.set_counters({1, 2, 0}), ContractError);
  EXPECT_THROW(agent.set_counters({std::numeric_limits<std::int64_t>::max(), 0, 0}), ContractError);
  for (auto tensors : {agent.model_tensors(), agent.optimizer_tensors()}) {
    for (TensorRef& tensor : tensors) {
      std::size_t count = 1;
      for (const std::int64_t n : tensor.shape) count *= static_cast<std::size_t>(n);
      std::vector<float> values(count + 1);
      EXPECT_THROW(tensor.read(values), ContractError) << tensor.name;
      EXPECT_THROW(tensor.write(values), ContractError) << tensor.name;
      EXPECT_THROW(tensor.read(std::span(values).first(count - 1)), ContractError) << tensor.name;
      tensor.read(std::span(values).first(count));
    }
  }

  config.num_actions = 2;
  SacAgent discrete(2, 1, config, 1);
  std::vector<float> pi(4);
  discrete.action_probabilities(obs, 2, pi);
  EXPECT_THROW(discrete.action_probabilities(obs, 0, {}), ContractError);
  EXPECT_THROW(discrete.action_probabilities(obs, 2, std::span(pi).first(2)), ContractError);
  EXPECT_THROW(discrete.policy_at(std::span(obs).first(2)), ContractError);
}

TEST(EdgeOfLearner, OptionsAreCheckedWithTheSettings) {
  SacConfig config;
  config.n_steps = 5;
  config.tau = 0.0;
  LearnerOptions options;
  options.buffer_size = 20;
  options.num_streams = 4;
  options.threads = -1;
  try {
    Learner learner(2, 1, config, options);
    FAIL() << "taken";
  } catch (const ConfigError& error) {
    for (const char* part : {"tau = 0", "threads = -1",
                             "buffer_size = 20: must hold more than n_steps = 5 steps of each of num_streams = 4"}) {
      EXPECT_THAT(error.what(), testing::HasSubstr(part));
    }
  }
  config = SacConfig{};
  options = {};
  options.buffer_size = std::int64_t{1} << 49;
  EXPECT_THROW(Learner(1000, 1, config, options), MemoryError);
}

TEST(EdgeOfLearner, WrongCallsBreakTheContract) {
  SacConfig config;
  config.net_arch = {4};
  config.batch_size = 2;
  LearnerOptions options;
  options.buffer_size = 10;
  Learner learner(2, 1, config, options);
  std::vector<float> obs(2), action(1), wrong(3), nan(3, std::nanf(""));
  EXPECT_THROW(learner.update(), ContractError);
  EXPECT_THROW(learner.act(wrong, action), ContractError);
  EXPECT_THROW(learner.act(obs, wrong), ContractError);
  EXPECT_THROW(learner.act(obs, action, false, 1), ContractError);
  EXPECT_THROW(learner.act(obs, action, false, -1), ContractError);
  EXPECT_THROW(learner.random_action(wrong), ContractError);
  EXPECT_THROW(learner.random_action(action, 1), ContractError);
  EXPECT_THROW(learner.observe({nan, action, 0.0f, obs}), ContractError);
  EXPECT_THROW(learner.observe({obs, wrong, 0.0f, obs}), ContractError);
  EXPECT_THROW(learner.observe({obs, action, 0.0f, wrong}), ContractError);
  EXPECT_EQ(learner.num_transitions(), 0);
}

}  // namespace
}  // namespace softac::test

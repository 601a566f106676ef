#include <gtest/gtest.h>

#include <cmath>

#include "agent/acting.h"
#include "agent/update.h"
#include "base/discrete_action.h"
#include "softac/agent.h"
#include "softac/error.h"

namespace softac {
namespace {

SacConfig small_config(int num_actions) {
  SacConfig config;
  config.num_actions = num_actions;
  config.net_arch = {8, 6};
  config.activation_fn = Activation::tanh;  // smooth, for central differences
  config.batch_size = 5;
  config.learning_rate = 1e-2;
  return config;
}

template <class T>
void fill(SacUpdate<T>& sac, int obs_dim, int num_actions, std::uint64_t seed) {
  Rng rng(seed, StreamKind::test);
  const BatchView<T> batch = sac.batch();
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < obs_dim; ++c) batch.x.at(r, c) = static_cast<T>(rng.normal());
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.x.at(b, obs_dim) =
        encode_discrete_action<T>(static_cast<int>(rng.below(static_cast<std::uint64_t>(num_actions))), num_actions);
    batch.reward[b] = static_cast<T>(rng.normal());
    batch.discount[b] = b == 0 ? T(0) : T(0.9);
  }
}

TEST(DiscreteSac, ActionsAreEqualPartsOfTheInterval) {
  for (const int n : {2, 3, 7, 18, 500}) {
    for (int a = 0; a < n; ++a) EXPECT_EQ(decode_discrete_action(encode_discrete_action<float>(a, n), n), a) << n;
    EXPECT_EQ(decode_discrete_action(-1.0, n), 0);
    EXPECT_EQ(decode_discrete_action(1.0, n), n - 1);
    for (const double value : {std::nan(""), -1e300, -HUGE_VAL}) EXPECT_EQ(decode_discrete_action(value, n), 0) << n;
    for (const double value : {1e300, HUGE_VAL}) EXPECT_EQ(decode_discrete_action(value, n), n - 1) << n;
  }
}

// Central differences of the loss by every parameter, against the gradient.
template <class Loss>
void check_gradient(Params<double>& params, const ParamLayout& layout, Loss loss) {
  loss();
  const std::vector<double> gradient(params.grad, params.grad + params.size);
  double largest = 0.0;
  for (const Slot& slot : layout.slots()) {
    for (int o = 0; o < slot.out; ++o) {
      for (int i = -1; i < slot.in; ++i) {
        const auto at = static_cast<std::size_t>(slot.offset + (i < 0 ? slot.bias_index(o) : slot.weight_index(o, i)));
        const double value = params.value[at], h = 1e-5;
        params.value[at] = value + h;
        const double high = loss();
        params.value[at] = value - h;
        const double low = loss();
        params.value[at] = value;
        const double expected = (high - low) / (2 * h);
        largest = std::max(largest, std::fabs(expected));
        EXPECT_NEAR(gradient[at], expected, 1e-8) << slot.name << " " << o << " " << i;
      }
    }
  }
  EXPECT_GT(largest, 1e-3);  // there was something to compare
}

TEST(DiscreteSac, GradientsAreThoseOfTheLosses) {
  SacConfig config = small_config(3);
  config.ent_coef_auto = false;
  config.ent_coef = 0.3;
  SacUpdate<double> sac(4, 1, config, 3, 1, "");
  fill(sac, 4, 3, 1);
  auto& state = sac.state();
  sac.sample_policy();
  sac.find_targets();
  check_gradient(state.critic, state.critic_layout, [&] {
    sac.parameters_changed();
    return sac.critic_gradients();
  });
  check_gradient(state.actor, state.actor_layout, [&] {
    sac.parameters_changed();
    sac.sample_policy();
    return sac.actor_gradients();
  });
}

// The layer's outputs become `values` in every state.
void set_output(double* params, const Slot& slot, const double* values) {
  for (int o = 0; o < slot.out; ++o) {
    for (int i = 0; i < slot.in; ++i) params[slot.offset + slot.weight_index(o, i)] = 0.0;
    params[slot.offset + slot.bias_index(o)] = values[o];
  }
}

// One state, known values: the actor's gradient vanishes at the Boltzmann policy, and the target is r + γ α log Z
// there.
TEST(DiscreteSac, TheBoltzmannPolicyIsStationary) {
  SacConfig config = small_config(3);
  config.n_critics = 2;
  config.ent_coef_auto = false;
  config.ent_coef = 0.5;
  SacUpdate<double> sac(2, 1, config, 3, 1, "");
  fill(sac, 2, 3, 2);
  auto& state = sac.state();
  const double q[3] = {1.0, -0.5, 0.2};
  const double logits[3] = {q[0] / 0.5, q[1] / 0.5, q[2] / 0.5}, larger[3] = {q[0] + 0.7, q[1] + 0.7, q[2] + 0.7};
  set_output(state.actor.value, state.actor_layout.slots().back(), logits);
  const auto& slots = state.critic_layout.slots();
  for (std::size_t i = 0; i < 2; ++i) {  // the second critic is larger everywhere
    for (double* params : {state.critic.value, state.critic_target})
      set_output(params, slots[i * slots.size() / 2 + slots.size() / 2 - 1], i == 0 ? q : larger);
  }
  sac.parameters_changed();
  sac.sample_policy();
  sac.actor_gradients();
  for (std::int64_t i = 0; i < state.actor.size; ++i) EXPECT_NEAR(state.actor.grad[i], 0.0, 1e-15);
  double z = 0.0;
  for (const double value : q) z += std::exp(value / 0.5);
  sac.find_targets();
  double expected = 0.0;
  for (int b = 0; b < 5; ++b) {
    const double y = sac.batch().reward[b] + sac.batch().discount[b] * 0.5 * std::log(z);
    for (std::size_t i = 0; i < 2; ++i) {
      const double value = q[decode_discrete_action(sac.batch().x.at(b, 2), 3)] + (i == 0 ? 0.0 : 0.7);
      expected += (value - y) * (value - y) / 5;
    }
  }
  EXPECT_NEAR(sac.critic_gradients(), expected, 1e-12);
}

// Without an actor: π = exp(min Q/α)/Z for acting, y = r + discount · α log Z of the targets, J_π = −α log Z.
TEST(DiscreteSac, TheCriticsBoltzmannPolicy) {
  SacConfig config = small_config(3);
  config.discrete_policy = DiscretePolicy::boltzmann;
  config.ent_coef_auto = false;
  config.ent_coef = 0.4;
  SacUpdate<double> sac(2, 1, config, 3, 1, "");
  fill(sac, 2, 3, 2);
  auto& state = sac.state();
  EXPECT_EQ(state.actor.size, 0);
  const double q[2][3] = {{1.0, -0.5, 0.2}, {0.6, 0.1, 0.9}}, smallest[3] = {0.6, -0.5, 0.2}, target_shift = 0.3;
  const auto& slots = state.critic_layout.slots();
  for (std::size_t i = 0; i < 2; ++i) {
    const Slot& last = slots[i * slots.size() / 2 + slots.size() / 2 - 1];
    const double target[3] = {q[i][0] + target_shift, q[i][1] + target_shift, q[i][2] + target_shift};
    set_output(state.critic.value, last, q[i]);
    set_output(state.critic_target, last, target);
  }
  sac.parameters_changed();
  double z = 0.0, entropy = 0.0, expected = 0.0;
  for (const double value : smallest) z += std::exp(value / 0.4);
  Acting<double> acting(sac.state(), sac.objective(), sac.backend(), 2, 1);
  acting.sample(std::vector<double>{0.3, -2.0}, 1, {}, sac.alpha());
  const double* pi = acting.samples().weight;
  for (std::size_t a = 0; a < 3; ++a) {
    EXPECT_NEAR(pi[a], std::exp(smallest[a] / 0.4) / z, 1e-14);
    entropy -= pi[a] * std::log(pi[a]);
  }
  for (int b = 0; b < 5; ++b) {
    const double y = sac.batch().reward[b] + sac.batch().discount[b] * (target_shift + 0.4 * std::log(z));
    for (const auto& critic : q) {
      const double value = critic[decode_discrete_action(sac.batch().x.at(b, 2), 3)];
      expected += (value - y) * (value - y) / 5;
    }
  }
  const UpdateMetrics metrics = sac.run();
  EXPECT_TRUE(metrics.finite);
  EXPECT_NEAR(metrics.critic_loss, 0.5 * expected, 1e-12);
  EXPECT_NEAR(metrics.actor_loss, -0.4 * std::log(z), 1e-12);
  EXPECT_NEAR(metrics.entropy, entropy, 1e-12);
  EXPECT_EQ(metrics.actor_grad_norm, 0.0);

  config.ent_coef = 0.0;
  EXPECT_THROW(SacAgent(2, 1, config, 3), ConfigError);
  config.num_actions = 0;
  config.ent_coef = 0.4;
  EXPECT_THROW(SacAgent(2, 1, config, 1), ConfigError);
}

TEST(DiscreteSac, TheTemperatureRisesWhereTheEntropyIsTooLow) {
  for (const double target : {0.1, 1.05}) {
    SacConfig config = small_config(3);
    config.target_entropy_rule = TargetEntropyRule::number;
    config.target_entropy = target;
    SacUpdate<double> sac(4, 1, config, 3, 1, "");
    fill(sac, 4, 3, 1);
    const double before = sac.alpha();
    const UpdateMetrics metrics = sac.run();
    EXPECT_TRUE(metrics.finite);
    EXPECT_EQ(sac.alpha() > before, metrics.entropy < target) << metrics.entropy;
    EXPECT_NEAR(metrics.ent_coef_loss, before * (metrics.entropy - target), 1e-12);
  }
  EXPECT_NEAR(SacUpdate<double>(4, 1, small_config(3), 0, 1, "").target_entropy(), 0.5 * std::log(3.0), 1e-15);
}

TEST(DiscreteSac, ActsWithTheProbabilitiesOfItsPolicy) {
  SacConfig config = small_config(4);
  SacAgent agent(3, 1, config, 5);
  const std::vector<float> obs = {0.5f, -1.0f, 2.0f};
  std::vector<float> pi(4), action(1);
  agent.action_probabilities(obs, 1, pi);
  EXPECT_NEAR(pi[0] + pi[1] + pi[2] + pi[3], 1.0f, 1e-6f);
  std::vector<double> share(4, 0.0);
  std::vector<Rng> noise = {Rng(1, StreamKind::act)};
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    ASSERT_TRUE(agent.act(obs, 1, false, noise, action));
    share[static_cast<std::size_t>(decode_discrete_action(action[0], 4))] += 1.0 / kDraws;
  }
  for (std::size_t a = 0; a < 4; ++a) EXPECT_NEAR(share[a], pi[a], 0.018);  // five standard deviations
  ASSERT_TRUE(agent.act(obs, 1, true, {}, action));
  EXPECT_EQ(decode_discrete_action(action[0], 4), std::max_element(pi.begin(), pi.end()) - pi.begin());
}

TEST(DiscreteSac, SavedAndLoadedItGoesOnToTheBitOnEveryBackendAndNumberOfThreads) {
  SacConfig config = small_config(3);
  config.net_arch = {32, 32};
  config.batch_size = 64;
  const auto run = [&](SacAgent& agent, int updates) {
    for (int i = 0; i < updates; ++i) {
      Rng rng(static_cast<std::uint64_t>(agent.num_updates()), StreamKind::test);
      const BatchView<float> batch = agent.batch();
      for (int r = 0; r < 2 * batch.batch_size; ++r) {
        for (int c = 0; c < 4; ++c) batch.x.at(r, c) = static_cast<float>(rng.normal());
      }
      for (int b = 0; b < batch.batch_size; ++b) {
        batch.x.at(b, 4) = static_cast<float>(rng.uniform(-1.0, 1.0));
        batch.reward[b] = static_cast<float>(rng.normal());
        batch.discount[b] = 0.9f;
      }
      ASSERT_TRUE(agent.update().finite);
    }
  };
  SacAgent whole(4, 1, config, 7), first(4, 1, config, 7), second(4, 1, config, 8, 2);
  SacAgent reference(4, 1, config, 7, 1, "reference");
  run(whole, 6);
  run(reference, 6);
  EXPECT_EQ(reference.state_hash(), whole.state_hash());
  run(first, 3);
  const auto copy = [](std::vector<TensorRef> from, std::vector<TensorRef> to) {
    ASSERT_EQ(from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      ASSERT_EQ(from[i].name, to[i].name);
      std::size_t size = 1;
      for (const std::int64_t n : from[i].shape) size *= static_cast<std::size_t>(n);
      std::vector<float> values(size);
      from[i].read(values);
      to[i].write(values);
    }
  };
  copy(first.model_tensors(), second.model_tensors());
  copy(first.optimizer_tensors(), second.optimizer_tensors());
  second.set_counters(first.counters());
  EXPECT_EQ(second.state_hash(), first.state_hash());
  run(second, 3);
  EXPECT_EQ(second.state_hash(), whole.state_hash());
  config.policy = PolicyKind::gaussian;
  EXPECT_THROW(SacAgent(4, 1, config, 1), ConfigError);
  config.policy = PolicyKind::squashed_gaussian;
  config.n_target_actions = 2;
  EXPECT_THROW(SacAgent(4, 1, config, 1), ConfigError);
  SacAgent continuous(4, 1, SacConfig{}, 1);
  std::vector<float> obs(4), out(3);
  EXPECT_THROW(continuous.action_probabilities(obs, 1, out), ContractError);
}

}  // namespace
}  // namespace softac

// Policies to export: every kind, activation, block and normaliser, several shapes, and the shapes of the presets.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "agent/describe.h"
#include "base/discrete_action.h"
#include "export/description.h"
#include "softac/agent.h"
#include "softac/error.h"
#include "support/learner_variants.h"

namespace softac::test {

struct ExportVariant {
  std::string name;
  int obs_dim = 5, act_dim = 3;
  SacConfig config;
  std::string env = {};  // where states are recorded; "" = they are random
};

inline std::vector<ExportVariant> export_variants() {
  std::vector<ExportVariant> out;
  const auto add = [&](const std::string& name, auto set, int obs_dim = 5, int act_dim = 3) {
    ExportVariant variant{name, obs_dim, act_dim, {}};
    variant.config.net_arch = {20, 64};
    set(variant.config);
    out.push_back(variant);
  };
  for (const LearnerVariant& learner : learner_variants()) {
    add(
        learner.name,
        [&](SacConfig& c) {
          learner.set(c);
          c.num_actions = learner.num_actions;
        },
        5, learner.num_actions > 0 ? 1 : 3);
  }
  add("plain", [](SacConfig& c) { c.policy = PolicyKind::gaussian; });
  add("plain_mixture", [](SacConfig& c) {
    c.policy = PolicyKind::gaussian;
    c.actor_components = 4;
  });
  add("tanh_rule", [](SacConfig& c) {
    c.log_std_rule = LogStdRule::tanh;
    c.log_std_min = -5.0;
    c.activation_fn = Activation::tanh;
  });
  add(
      "elu", [](SacConfig& c) { c.activation_fn = Activation::elu; }, 40, 17);
  add("silu", [](SacConfig& c) { c.activation_fn = Activation::silu; });
  add("silu_norm", [](SacConfig& c) {
    c.activation_fn = Activation::silu;
    c.norm_layer_actor = NormLayer::layer;
    c.norm_eps = 1e-3;
    c.normalize_obs = true;
    c.net_arch = {33, 7};
  });
  add("correlated_tanh", [](SacConfig& c) {
    c.actor_covariance = ActorCovariance::full;
    c.activation_fn = Activation::tanh;
    c.net_arch = {1};
  });
  add(
      "boltzmann_quantile",
      [](SacConfig& c) {
        c.num_actions = 4;
        c.discrete_policy = DiscretePolicy::boltzmann;
        c.critic_loss = CriticLoss::quantile;
        c.n_quantiles = 5;
        c.top_quantiles_to_drop_per_net = 1;
        c.normalize_obs = true;
        c.activation_fn = Activation::elu;
      },
      5, 1);
  add(
      "discrete_norm",
      [](SacConfig& c) {
        c.num_actions = 6;
        c.norm_layer_actor = NormLayer::layer;
        c.net_arch = {16, 16, 16};
      },
      3, 1);
  add(
      "wide",
      [](SacConfig& c) {
        c.net_arch = {130, 3, 70};
      },
      1, 1);
  return out;
}

// The shapes of all tasks with their presets.
inline std::vector<ExportVariant> preset_variants() {
  std::vector<ExportVariant> out;
  const auto add = [&](const char* name, int obs_dim, int act_dim, int width, int num_actions = 0) {
    ExportVariant variant{std::string("preset_") + name, obs_dim, act_dim, {}};
    variant.config.net_arch = {width, width};
    variant.config.num_actions = num_actions;
    out.push_back(variant);
  };
  add("HalfCheetah", 17, 6, 256);
  add("Humanoid", 348, 17, 256);
  add("Ant", 105, 8, 256);
  add("Walker2d", 17, 6, 256);
  add("Hopper", 11, 3, 128);
  add("Swimmer", 8, 2, 256);
  add("Pusher", 23, 7, 256);
  add("Reacher", 10, 2, 256);
  add("InvertedDoublePendulum", 9, 1, 64);
  add("InvertedPendulum", 4, 1, 64);
  add("Pendulum", 3, 1, 64);
  add("MountainCar", 2, 1, 64, 3);
  add("CartPole", 4, 1, 64, 2);
  add("Acrobot", 6, 1, 64, 3);
  return out;
}

// Every kind of policy on states of real environments.
inline std::vector<ExportVariant> recorded_variants() {
  std::vector<ExportVariant> out;
  for (const LearnerVariant& learner : learner_variants()) {
    const bool discrete = learner.num_actions > 0;
    ExportVariant variant{"recorded_" + learner.name,
                          discrete ? 6 : 17,
                          discrete ? 1 : 6,
                          {},
                          discrete ? "Acrobot-v1" : "HalfCheetah-v5"};
    variant.config.net_arch = {256, 256};
    learner.set(variant.config);
    variant.config.num_actions = learner.num_actions;
    out.push_back(variant);
  }
  ExportVariant plain = out.front();
  plain.name = "recorded_plain";
  plain.config = {};
  plain.config.policy = PolicyKind::gaussian;
  out.push_back(plain);
  return out;
}

// An environment's facts for a variant, with bounds of several widths.
inline EnvSpec export_spec(const ExportVariant& variant) {
  EnvSpec spec;
  if (!variant.env.empty()) spec = make_env(variant.env)->spec();
  spec.id = "Test/" + variant.name + "-v0";
  spec.dt = 0.05;
  spec.act_units.assign(variant.act_dim, "N m");
  if (!variant.env.empty()) return spec;
  spec.obs_dim = variant.obs_dim;
  spec.act_dim = variant.act_dim;
  spec.num_actions = variant.config.num_actions;
  for (int i = 0; i < spec.act_dim; ++i) {
    spec.act_low.push_back(spec.num_actions > 0 ? 0.0 : i % 3 == 0 ? -1.0 : i % 3 == 1 ? -0.4000000059604645 : -2.0);
    spec.act_high.push_back(spec.num_actions > 0 ? spec.num_actions
                            : i % 3 == 0         ? 1.0
                            : i % 3 == 1         ? 0.4000000059604645
                                                 : 3.0);
  }
  return spec;
}

inline float observation_value(Rng& rng) {
  return static_cast<float>(2.0 * rng.normal());
}

// A learner whose weights have moved, so that neither heads nor norms are at their first values.
inline SacAgent export_agent(const ExportVariant& variant) {
  SacConfig config = variant.config;
  config.batch_size = 32;
  SacAgent agent(variant.obs_dim, variant.act_dim, config, 7);
  Rng rng(11, StreamKind::test);
  std::vector<float> seen(static_cast<std::size_t>(variant.obs_dim) * 20);
  for (float& x : seen) x = 1.0f + 2.0f * observation_value(rng);
  agent.observe(seen, 20);
  for (TensorRef& tensor : agent.model_tensors()) {
    if (tensor.is_double()) continue;
    std::int64_t size = 1;
    for (const std::int64_t length : tensor.shape) size *= length;
    std::vector<float> values(static_cast<std::size_t>(size));
    tensor.read(values);
    // As much as training moves them: sums stay of the size that they have.
    const double scale = tensor.shape.size() == 2 ? 0.5 / std::sqrt(static_cast<double>(tensor.shape[1])) : 0.1;
    for (float& x : values) x += static_cast<float>(scale * rng.normal());
    tensor.write(values);
  }
  return agent;
}

inline PolicyExport export_of(SacAgent& agent, const ExportVariant& variant, bool stochastic) {
  return make_export(agent.describe(), export_spec(variant),
                     {export_spec(variant).id, 1234, "0123456789abcdef", "0.1.0"}, stochastic);
}

// What SacAgent::act gives, in the environment's units; of discrete actions the number.
inline std::vector<float> acted(SacAgent& agent, const EnvSpec& spec, const std::vector<float>& obs, Rng* rng) {
  std::vector<float> action(spec.act_dim);
  Rng none(0, StreamKind::test);
  if (!agent.act(obs, 1, rng == nullptr, rng != nullptr ? *rng : none, action)) throw NumericsError("not finite");
  for (std::size_t i = 0; i < action.size(); ++i) {
    const double x = static_cast<double>(action[i]);
    if (spec.num_actions > 0)
      action[i] = static_cast<float>(decode_discrete_action(x, spec.num_actions));
    else
      action[i] = static_cast<float>(
          std::clamp(rescale_action(x, spec.act_low[i], spec.act_high[i]), spec.act_low[i], spec.act_high[i]));
  }
  return action;
}

}  // namespace softac::test

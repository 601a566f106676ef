#include "agent/check_config.h"

#include <string>

#include "softac/error.h"

namespace softac {
namespace {

// What says how actions are sampled means nothing where sums over all actions are exact.
void check_discrete(const SacConfig& config) {
  SOFTAC_REQUIRE(config.num_actions >= 2, config.num_actions);
  std::string text;
  if (config.policy != PolicyKind::squashed_gaussian) text += "\n  policy: the policy of discrete actions is a softmax";
  if (config.actor_gradient != ActorGradient::reparameterised)
    text += "\n  actor_gradient: with discrete actions the actor's gradient is exact";
  if (config.actor_components != 1) text += "\n  actor_components: a softmax has as many modes as actions";
  if (config.n_target_actions != 1)
    text += "\n  n_target_actions: with discrete actions the target's expectation is exact";
  if (config.discrete_policy == DiscretePolicy::boltzmann && !config.ent_coef_auto && config.ent_coef <= 0.0)
    text += "\n  discrete_policy: the Boltzmann policy needs a temperature, ent_coef above 0";
  if (config.variant != Variant::sac) text += "\n  variant: the value of a state is exact with discrete actions";
  if (!text.empty())
    throw ConfigError("settings that do not fit discrete actions; leave them at their defaults:" + text);
}

}  // namespace

void check_config(const SacConfig& config) {
  if (config.learning_rate_schedule != LearningRateSchedule::constant && config.learning_rate_steps < 1)
    throw ConfigError("learning_rate_steps = " + std::to_string(config.learning_rate_steps) +
                      ": a schedule needs the number of steps that it runs over, at least 1");
  if (config.critic_loss == CriticLoss::quantile) {
    if (config.top_quantiles_to_drop_per_net >= config.n_quantiles)
      throw ConfigError("top_quantiles_to_drop_per_net = " + std::to_string(config.top_quantiles_to_drop_per_net) +
                        ": must be below n_quantiles = " + std::to_string(config.n_quantiles));
    if (config.n_quantiles * config.n_critics > kMaxPooledQuantiles)
      throw ConfigError("n_quantiles = " + std::to_string(config.n_quantiles) +
                        ": with n_critics = " + std::to_string(config.n_critics) + " more than " +
                        std::to_string(kMaxPooledQuantiles) + " are pooled");
    if (config.variant == Variant::state_value)
      throw ConfigError("critic_loss = \"quantile\": must be \"mse\" with variant = \"state_value\"");
  }
  if (config.num_actions > 0) return check_discrete(config);
  if (config.discrete_policy != DiscretePolicy::softmax)
    throw ConfigError("discrete_policy: the environment's actions are continuous; leave it at \"softmax\"");
  if (config.actor_components > 1 && config.actor_gradient == ActorGradient::likelihood_ratio)
    throw ConfigError("actor_gradient = \"likelihood_ratio\" is for actor_components = 1, found " +
                      std::to_string(config.actor_components) + "; leave it \"reparameterised\" for a mixture");
  if (config.variant == Variant::state_value && config.n_target_actions != 1)
    throw ConfigError("n_target_actions = " + std::to_string(config.n_target_actions) +
                      ": must be 1 with variant = \"state_value\", whose targets draw no action");
}

}  // namespace softac

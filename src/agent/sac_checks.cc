#include "agent/sac_checks.h"

#include <string>

#include "softac/error.h"

namespace softac {

const SacConfig& checked(const SacConfig& config) {
  if (config.actor_components > 1 && config.actor_gradient == ActorGradient::likelihood_ratio)
    throw ConfigError("actor_gradient = \"likelihood_ratio\" is for actor_components = 1, found " +
                      std::to_string(config.actor_components) + "; leave it \"reparameterised\" for a mixture");
  if (config.variant == Variant::state_value && config.n_target_actions != 1)
    throw ConfigError("n_target_actions = " + std::to_string(config.n_target_actions) +
                      ": must be 1 with variant = \"state_value\", whose targets draw no action");
  return config;
}

}  // namespace softac

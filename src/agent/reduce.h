// What the settings of an ensemble of critics come to: several critics become one value in targets and for the actor
// (docs/math.md).
#pragma once

#include "softac/sac_config.h"

namespace softac {

// Never automatic.
inline TargetReduce target_reduce(const SacConfig& c) {
  if (c.target_reduce != TargetReduce::automatic) return c.target_reduce;
  return c.critic_loss == CriticLoss::quantile ? TargetReduce::truncated : TargetReduce::min;
}
inline ActorReduce actor_reduce(const SacConfig& c) {
  if (c.actor_reduce != ActorReduce::automatic) return c.actor_reduce;
  return c.critic_loss == CriticLoss::quantile ? ActorReduce::mean : ActorReduce::min;
}

// M target critics of an update, and whether they are drawn for it.
inline int num_target_critics(const SacConfig& c) {
  return c.n_target_critics > 0 ? c.n_target_critics : c.n_critics;
}
inline bool draws_target_critics(const SacConfig& c) {
  return num_target_critics(c) < c.n_critics;
}

// Outputs of one critic for one action.
inline int critic_outputs(const SacConfig& c) {
  if (c.critic_loss == CriticLoss::quantile) return c.n_quantiles;
  return c.critic_loss == CriticLoss::categorical ? c.n_atoms : 1;
}

}  // namespace softac

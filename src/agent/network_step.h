// What the learners' updates share: the check of the losses, and one optimiser step of one network with its learning
// rate, clipping, Adam and, where targets are given, their Polyak step.
#pragma once

#include <algorithm>
#include <cmath>

#include "math/backend.h"
#include "nn/adam.h"
#include "nn/params.h"
#include "softac/agent.h"
#include "softac/sac_config.h"

namespace softac {

// The losses of an update.
inline bool losses_are_finite(const UpdateMetrics& metrics) {
  return std::isfinite(metrics.critic_loss) && std::isfinite(metrics.value_loss) &&
         std::isfinite(metrics.actor_loss) && std::isfinite(metrics.ent_coef_loss);
}

// t: number of the step, from 1. own_rate: the network's own learning rate, or negative for the common one.
struct NetworkStep {
  std::int64_t t;
  double own_rate;
};

// Clips by the global norm of this network's gradient, as torch.nn.utils.clip_grad_norm_, and writes it to norm (null:
// never clipped). Returns whether all values stayed finite.
template <class T>
bool step_network(const SacConfig& config, Backend<T>& backend, Params<T>& params, NetworkStep step, T* target,
                  double* norm) {
  const AdamSettings settings{step.own_rate < 0 ? config.learning_rate : step.own_rate, config.adam_beta1,
                              config.adam_beta2, config.adam_eps};
  Adam<T> adam = adam_step<T>(settings, params, step.t, target, target ? config.tau : 0.0);
  if (norm && config.max_grad_norm > 0.0) {
    *norm = std::sqrt(backend.sum_squares(params.grad, params.size));
    adam.clip = static_cast<T>(std::min(1.0, config.max_grad_norm / (*norm + 1e-6)));
  }
  return backend.adam(adam, params.size);
}

}  // namespace softac

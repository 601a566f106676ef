#include "agent/optimiser.h"

#include <algorithm>
#include <cmath>

#include "nn/adam.h"

namespace softac {

OptimiserRule optimiser_rule(const SacConfig& config, double own_rate) {
  return {own_rate < 0 ? config.learning_rate : own_rate, config.adam_beta1, config.adam_beta2, config.adam_eps,
          config.max_grad_norm};
}

// Clipping as torch.nn.utils.clip_grad_norm_.
template <class T>
bool Optimiser<T>::step(Backend<T>& backend, std::int64_t t, T* target, double tau, double* norm) {
  const AdamSettings settings{rule_.learning_rate, rule_.beta1, rule_.beta2, rule_.eps};
  Adam<T> adam = adam_step<T>(settings, params_, t, target, target ? tau : 0.0);
  if (norm && rule_.max_grad_norm > 0.0) {
    *norm = std::sqrt(backend.sum_squares(params_.grad, params_.size));
    adam.clip = static_cast<T>(std::min(1.0, rule_.max_grad_norm / (*norm + 1e-6)));
  }
  return backend.adam(adam, params_.size);
}

template class Optimiser<float>;
template class Optimiser<double>;

}  // namespace softac

#include "agent/optimiser.h"

#include <algorithm>
#include <cmath>

#include "base/elementary_scalar.h"
#include "nn/adam.h"

namespace softac {

OptimiserRule optimiser_rule(const SacConfig& config, double own_rate, double own_beta1) {
  return {own_rate < 0 ? config.learning_rate : own_rate,
          own_beta1 < 0 ? config.adam_beta1 : own_beta1,
          config.adam_beta2,
          config.adam_eps,
          config.max_grad_norm,
          config.learning_rate_schedule,
          config.learning_rate_end,
          config.learning_rate_steps,
          config.weight_decay,
          config.weight_decay_scope,
          config.weight_norm};
}

namespace {

double cosine_rate(const OptimiserRule& rule, std::int64_t steps_done) {
  const auto steps = static_cast<double>(rule.schedule_steps), warmup = std::floor(1e-6 * steps);
  const double done = std::clamp((static_cast<double>(steps_done) - warmup) / (steps - warmup), 0.0, 1.0);
  const double share = 0.5 * (1.0 + cos_of_turn(0.5 * done));
  return rule.learning_rate_end + (rule.learning_rate - rule.learning_rate_end) * share;
}

}  // namespace

double OptimiserRule::learning_rate_at(std::int64_t t) const {
  if (schedule == LearningRateSchedule::constant) return learning_rate;
  if (schedule == LearningRateSchedule::cosine) return cosine_rate(*this, t - 1);
  const double done = std::min(static_cast<double>(t - 1) / static_cast<double>(schedule_steps), 1.0);
  return learning_rate + (learning_rate_end - learning_rate) * done;
}

namespace {

// f(index) for every parameter of a slot that the scope names.
template <class F>
void for_decaying(const Slot& slot, WeightDecayScope scope, F f) {
  const bool norm = slot.kind == SlotKind::norm;
  const bool all =
      scope == WeightDecayScope::all || (scope == WeightDecayScope::heads_and_norms && (slot.output || norm));
  const bool weights = all || (scope == WeightDecayScope::weights && !norm);
  for (int o = 0; o < slot.out; ++o) {
    for (int i = 0; weights && i < slot.in; ++i) f(slot.offset + slot.weight_index(o, i));
    if (all) f(slot.offset + slot.bias_index(o));
  }
}

}  // namespace

template <class T>
Optimiser<T>::Optimiser(const OptimiserRule& rule, Params<T>& params, const ParamLayout* layout, Arena& arena)
    : rule_(rule), params_(params) {
  if (layout) projection_ = Projection<T>(rule.weight_norm, *layout);
  if (!layout || rule.weight_decay == 0.0) return;
  decay_ = arena.take<T>(params.size);
  for (const Slot& slot : layout->slots())
    for_decaying(slot, rule.decay_scope, [&](std::int64_t i) { decay_[i] = T(1); });
}

// Clipping as torch.nn.utils.clip_grad_norm_.
template <class T>
bool Optimiser<T>::step(Backend<T>& backend, std::int64_t t, T* target, double tau, double* norm) {
  const double learning_rate = rule_.learning_rate_at(t);
  const AdamSettings settings{learning_rate, rule_.beta1, rule_.beta2, rule_.eps};
  T* const with_adam = projection_.empty() ? target : nullptr;
  Adam<T> adam = adam_step<T>(settings, params_, t, with_adam, with_adam ? tau : 0.0);
  adam.decay = decay_;
  adam.decay_rate = static_cast<T>(learning_rate * rule_.weight_decay);
  if (norm && rule_.max_grad_norm > 0.0) {
    *norm = std::sqrt(backend.sum_squares(params_.grad, params_.size));
    adam.clip = static_cast<T>(std::min(1.0, rule_.max_grad_norm / (*norm + 1e-6)));
  }
  const bool finite = backend.adam(adam, params_.size);
  if (projection_.empty()) return finite;
  projection_.apply(backend, params_.value);
  if (target) backend.polyak(params_.value, target, params_.size, tau);
  return finite;
}

template class Optimiser<float>;
template class Optimiser<double>;

}  // namespace softac

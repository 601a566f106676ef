// One optimiser step of one network: a step size by its schedule, clipping by the global norm, Adam (arXiv 1412.6980)
// or AdamW (arXiv 1711.05101), and in the same pass the Polyak step of its target (docs/math.md E12); where weights are
// projected (weight_norm), the Polyak step comes behind the projection, in a pass of its own. Gradients are ready when
// step() is called: a reduction over several learners would stand before it.
#pragma once

#include <cstdint>

#include "math/backend.h"
#include "nn/params.h"
#include "nn/projection.h"
#include "softac/sac_config.h"

namespace softac {

struct OptimiserRule {
  double learning_rate, beta1, beta2, eps;
  double max_grad_norm;  // 0: gradients are never clipped
  LearningRateSchedule schedule;
  double learning_rate_end;
  std::int64_t schedule_steps;
  double weight_decay;
  WeightDecayScope decay_scope;
  WeightNorm weight_norm;

  // Of step number t, from 1, with n = min(t − 1, steps) behind it. Linear: lr₀ + (lr_end − lr₀) · n/steps.
  // Cosine: lr_end + (lr₀ − lr_end) · ½(1 + cos π(n − w)/(steps − w)), and lr₀ for n < w = ⌊10⁻⁶ · steps⌋.
  double learning_rate_at(std::int64_t t) const;
};

// The settings of a network whose own learning rate is own_rate and whose own β1 is own_beta1; negative: the common
// one.
OptimiserRule optimiser_rule(const SacConfig& config, double own_rate, double own_beta1 = -1.0);

template <class T>
class Optimiser {
 public:
  // layout: null where nothing decays and nothing is projected.
  Optimiser(const OptimiserRule& rule, Params<T>& params, const ParamLayout* layout, Arena& arena);

  double learning_rate_at(std::int64_t t) const { return rule_.learning_rate_at(t); }
  void set_learning_rate(double rate) { rule_.learning_rate = rate; }  // of a constant schedule
  // Step number t, from 1. target: null, or what moves towards the new values by tau. norm: null, or where the
  // gradient's norm before clipping goes if the rule clips. Returns whether all values stayed finite.
  bool step(Backend<T>& backend, std::int64_t t, T* target = nullptr, double tau = 0.0, double* norm = nullptr);

 private:
  OptimiserRule rule_;
  Params<T>& params_;
  T* decay_ = nullptr;  // (size) 1 where a parameter decays; null: nowhere
  Projection<T> projection_;
};

extern template class Optimiser<float>;
extern template class Optimiser<double>;

}  // namespace softac

// The temperature α: fixed, or learned as the multiplier of "entropy at least H̄" (docs/math.md E10).
#pragma once

#include "agent/optimiser.h"

namespace softac {

template <class T>
class Temperature {
 public:
  // log_alpha: one value in the first lane.
  Temperature(int act_dim, const SacConfig& config, Params<T>& log_alpha, Arena& arena);

  T alpha() const;                                           // exp(log α), or the fixed value
  double target_entropy() const { return target_entropy_; }  // H̄ by the rule of the settings

  // J(α) and its gradient with respect to log α, from the mean of log π over the batch.
  double loss(T mean_log_pi);
  // Step number t of a learned α on the gradient of loss(), then held within [ent_coef_min, ent_coef_max]. Returns
  // whether log α stayed finite; `bound` becomes −1 or 1 where it was held at the lower or the upper bound.
  bool step(Backend<T>& backend, std::int64_t t, int& bound);
  bool learned() const { return learned_; }
  void set_learning_rate(double rate) { optimiser_.set_learning_rate(rate); }

 private:
  bool learned_, linear_in_log_;
  T fixed_;
  double target_entropy_, low_, high_;
  Params<T>& log_alpha_;
  Optimiser<T> optimiser_;
};

extern template class Temperature<float>;
extern template class Temperature<double>;

}  // namespace softac

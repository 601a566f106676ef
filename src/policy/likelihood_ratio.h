// The Gaussian policy with the likelihood-ratio form of the actor's gradient (docs/math.md E13) in place of
// reparameterisation:
//   −∇J_π = E[ (min_i Q_i(s, a) − α log π(a|s) − b) ∇ log π(a|s) ],  the action held fixed.
#pragma once

#include "policy/gaussian.h"

namespace softac {

template <class T>
class LikelihoodRatioPolicy final : public GaussianPolicy<T> {
 public:
  LikelihoodRatioPolicy(const GaussianShape& shape, ActorBaseline baseline)
      : GaussianPolicy<T>(shape), baseline_(baseline) {}

  bool needs_action_gradient() const override { return false; }
  // Writes loss.row_weight, the factors of ∇ log π: w_b = (J_b − baseline_b)/B with J_b the row's term of the loss.
  // leave_one_out: baseline_b is the mean of the other rows' terms, which leaves the expectation as it is.
  void prepare(const ActorLoss<T>& loss) const override;
  void backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss, int first,
                int count, Panels<T> d_head) const override;

 private:
  ActorBaseline baseline_;
};

extern template class LikelihoodRatioPolicy<float>;
extern template class LikelihoodRatioPolicy<double>;

}  // namespace softac

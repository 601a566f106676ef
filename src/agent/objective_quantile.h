// Truncated quantile critics (Kuznetsov et al., arXiv 2005.04269; docs/math.md): each critic has M outputs, the
// quantiles of the return at τ_j = (j + ½)/M. The outputs of all target critics are pooled, the largest are dropped,
// and every critic regresses on all that is kept; with target_reduce = mean on the mean of the critics, quantile by
// quantile. The actor takes the mean over critics and quantiles.
#pragma once

#include "agent/objective.h"

namespace softac {

template <class T>
class QuantileObjective final : public CriticObjective<T> {
 public:
  explicit QuantileObjective(const SacConfig& config);

  int num_outputs() const override { return outputs_; }
  // For each next action the values that are kept, then each action's weight.
  int target_width(int num_next_actions) const override { return num_next_actions * (kept_ + 1); }
  std::int64_t cost_per_row(int num_next_actions) const override {
    return std::int64_t{num_next_actions} * (kept_ + dropped_) * (4 + dropped_);
  }
  void target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count, Outputs<T> y,
              T* mean) const override;
  void loss(int critic, Outputs<const T> q, const int* column, Outputs<const T> y, int first, int count, T* terms,
            Outputs<T> d_q, T* value) const override;
  void actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const override;
  int describe_value(PolicyGraph& graph, const std::vector<int>& critics) const override {
    return graph.add(GroupMeanStep{outputs_}, critics);
  }
  void actor_gradient(int num_critics, T scale, Outputs<const T> q, const int* order, Outputs<T> d_q) const override;

 private:
  int outputs_;  // M
  bool target_mean_;
  int kept_, dropped_;  // of the pooled values, M of each target critic; of the mean's M values
  T reward_scale_, batch_size_;
};

extern template class QuantileObjective<float>;
extern template class QuantileObjective<double>;

}  // namespace softac

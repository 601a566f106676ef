// SAC's own objective (arXiv 1812.05905; docs/math.md E8, E9): one value per critic and the mean of squares. Targets
// and actor take the smallest critic, or the mean of all; with target_reduce = own each critic has a target of its own.
#pragma once

#include "agent/objective.h"

namespace softac {

template <class T>
class MeanSquareObjective final : public CriticObjective<T> {
 public:
  explicit MeanSquareObjective(const SacConfig& config);

  int num_outputs() const override { return 1; }
  int target_width(int) const override { return own_ ? num_critics_ : 1; }
  std::int64_t cost_per_row(int num_next_actions) const override { return 4 * num_next_actions; }
  void target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count, Outputs<T> y,
              T* mean) const override;
  void loss(int critic, Outputs<const T> q, const int* column, Outputs<const T> y, int first, int count, T* terms,
            Outputs<T> d_q, T* value) const override;
  void actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const override;
  int describe_value(PolicyGraph& graph, const std::vector<int>& critics) const override {
    if (actor_mean_) return graph.add(GroupMeanStep{1}, critics);
    return graph.add(SmallestStep{}, critics);
  }
  void actor_gradient(int num_critics, T scale, Outputs<const T> q, const int* order, Outputs<T> d_q) const override;

 private:
  T bootstrap(const CriticValues<T>& q, int row, int critic) const;

  int num_critics_;
  bool own_, target_mean_, actor_mean_;
  T reward_scale_;
  T batch_size_;
};

extern template class MeanSquareObjective<float>;
extern template class MeanSquareObjective<double>;

}  // namespace softac

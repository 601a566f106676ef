// Discrete actions (Christodoulou, arXiv 1910.07207): π = softmax of A logits, and sums over all actions in place of
// samples, w = π(a|s). The logits are an actor's outputs, or min_i Q_i(s, a)/α of the critics (the Boltzmann policy,
// docs/math.md E3), which has no actor of its own.
#pragma once

#include "policy/policy.h"

namespace softac {

template <class T>
class SoftmaxPolicy final : public Policy<T> {
 public:
  explicit SoftmaxPolicy(int num_actions) : num_actions_(num_actions) {}

  int head_columns() const override { return num_actions_; }
  std::vector<HeadPart> head_parts() const override { return {{"output", num_actions_}}; }
  int num_actions() const override { return num_actions_; }
  bool continuous() const override { return false; }
  WeightedActions<T> make_samples(Arena& arena, int rows) const override;
  void sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first, int count) const override;
  bool needs_action_gradient() const override { return false; }
  void backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss, int first,
                int count, Panels<T> d_head) const override;
  void draw_noise(const WeightedActions<T>&, int, Rng*) const override {}
  // The action as one number in [−1, 1] (base/discrete_action.h).
  int choose(const WeightedActions<T>& samples, int row, Rng* noise, T* action, bool& finite) const override;
  PolicyParameters parameters(const WeightedActions<T>&, int) const override { return {}; }
  ActingValues describe(PolicyGraph& graph, const std::vector<int>& parts) const override;

 private:
  int num_actions_;
};

extern template class SoftmaxPolicy<float>;
extern template class SoftmaxPolicy<double>;

}  // namespace softac

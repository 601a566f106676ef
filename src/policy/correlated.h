// One Gaussian whose components are correlated (docs/math.md E11): u = μ + σ ∘ (ε + N ε), N strictly lower triangular,
// so that Σ = L Lᵀ, L = diag(σ)(I + N), is any covariance matrix. The head is μ (A), raw log σ (A), and N's rows one
// after the other (A(A − 1)/2). The actor's gradient goes through the sample.
#pragma once

#include "policy/gaussian.h"

namespace softac {

// Whether the settings ask for it; one component has nothing to be correlated with.
inline bool correlates(int act_dim, const SacConfig& config) {
  return config.actor_covariance == ActorCovariance::full && act_dim > 1;
}

template <class T>
class CorrelatedGaussianPolicy final : public GaussianPolicy<T> {
 public:
  explicit CorrelatedGaussianPolicy(const GaussianShape& shape) : GaussianPolicy<T>(shape) {}

  int head_columns() const override;
  std::vector<HeadPart> head_parts() const override;
  WeightedActions<T> make_samples(Arena& arena, int rows) const override;
  void sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first, int count) const override;
  void backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss, int first,
                int count, Panels<T> d_head) const override;
  PolicyParameters parameters(const WeightedActions<T>& samples, int row) const override;
  ActingValues describe(PolicyGraph& graph, const std::vector<int>& parts) const override;
};

extern template class CorrelatedGaussianPolicy<float>;
extern template class CorrelatedGaussianPolicy<double>;

}  // namespace softac

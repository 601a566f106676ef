// A mixture of K (squashed) Gaussians as policy (docs/math.md, "Several ways at once"):
//   π(u|s) = Σ_k w_k Π_d N(u_d; μ_kd, σ_kd²),  w = softmax of the head's logits,  a = tanh u,
//   log π(a|s) = log Σ_k exp(log w_k + Σ_d [−½ z² − log σ_kd − ½ log 2π]) − Σ_d log da/du,  z = (u_d − μ_kd)/σ_kd.
//
// Expectations over the component are exact sums: every row has one sample of each component, a_k = tanh(μ_k + σ_k
// ε_k), and E_π[f(a)] is estimated by Σ_k w_k f(a_k), so that the weights get their gradient through w and no
// component's gradient waits for its being drawn.
//
// Sums: one chain over the action components, then one over the mixture's. Scalar code, so every backend's bits agree.
#pragma once

#include "policy/gaussian.h"

namespace softac {

template <class T>
class MixturePolicy final : public Policy<T> {
 public:
  static constexpr int kMaxComponents = 32;

  // shape: of one component. 1 ≤ components ≤ kMaxComponents.
  MixturePolicy(const GaussianShape& shape, int components);

  int head_columns() const override { return components_ * (2 * shape_.act_dim + 1); }
  std::vector<HeadPart> head_parts() const override;  // μ (K·A), raw log σ (K·A), logits (K)
  int num_actions() const override { return components_; }
  bool continuous() const override { return true; }
  WeightedActions<T> make_samples(Arena& arena, int rows) const override;
  void sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first, int count) const override;
  bool needs_action_gradient() const override { return true; }
  // Through everything that depends on the head: the weights, the samples and the densities.
  void backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss, int first,
                int count, Panels<T> d_head) const override;
  void draw_noise(const WeightedActions<T>& samples, int row, Rng* noise) const override;
  // Draws a component by the weights; without noise it is the most probable one.
  int choose(const WeightedActions<T>& samples, int row, Rng* noise, T* action, bool& finite) const override;
  PolicyParameters parameters(const WeightedActions<T>& samples, int row) const override;
  ActingValues describe(PolicyGraph& graph, const std::vector<int>& parts) const override;
  // Moves the means of the components apart, in every dimension of the action: there K evenly spaced offsets with mean
  // 0 and mean square 1, in random order, are added to the biases of μ. Components that start alike all follow the
  // first difference between two ways of acting, and end on the same one.
  void init_head(const Slot& head, T* params, Rng& rng) const override;

 private:
  // log w_k of a row.
  void log_weights(const Panels<T>& head, int row, T* log_weight) const;
  // log w_j + log N_j(u_k) for all j, before squashing; u_k is sample (row, k).
  void part_logs(const WeightedActions<T>& samples, int row, int k, const T* log_weight, const T* sum_log_sigma,
                 T* out) const;
  // z of sample (row, k) in component j's scale.
  T standardised(const WeightedActions<T>& samples, int row, int k, int j, int d) const;
  // Σ_d log σ_kd of every component.
  void sum_log_sigmas(const Panels<T>& head, int row, T* out) const;
  int mu_column(int k, int d) const { return k * shape_.act_dim + d; }
  int sigma_column(int k, int d) const { return (components_ + k) * shape_.act_dim + d; }
  int logit_column(int k) const { return 2 * components_ * shape_.act_dim + k; }

  GaussianShape shape_;
  int components_;
};

extern template class MixturePolicy<float>;
extern template class MixturePolicy<double>;

}  // namespace softac

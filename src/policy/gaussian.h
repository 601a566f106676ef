// One Gaussian, squashed by tanh or plain (docs/math.md E11): u = μ + σ ε, a = tanh u or u. The head is μ (A) and raw
// log σ (A). The actor's gradient goes through the sample (reparameterisation).
#pragma once

#include "policy/policy.h"

namespace softac {

GaussianShape gaussian_shape(int act_dim, const SacConfig& config);

// Samples of K Gaussians' actions: room for head, noise, actions and densities.
template <class T>
WeightedActions<T> make_gaussian_samples(Arena& arena, int rows, int num_actions, int head_columns,
                                         const GaussianShape& shape);
// The noise of a row's action components, the same for all K; zeros where `noise` is null.
template <class T>
void draw_gaussian_noise(const WeightedActions<T>& samples, int row, int act_dim, Rng* noise);
// Copies pair (row, k) to `action`.
template <class T>
void take_action(const WeightedActions<T>& samples, int row, int k, int act_dim, T* action, bool& finite);

// σ of the raw value and the action of u, as values of a graph.
int describe_sigma(PolicyGraph& graph, const GaussianShape& shape, int raw);
int describe_squash(PolicyGraph& graph, const GaussianShape& shape, int u);
std::string gaussian_name(const GaussianShape& shape);  // "squashed Gaussian" or "Gaussian"

template <class T>
class GaussianPolicy : public Policy<T> {
 public:
  explicit GaussianPolicy(const GaussianShape& shape) : shape_(shape) {}

  const GaussianShape& shape() const { return shape_; }
  int head_columns() const override { return 2 * shape_.act_dim; }
  std::vector<HeadPart> head_parts() const override;
  int num_actions() const override { return 1; }
  bool continuous() const override { return true; }
  WeightedActions<T> make_samples(Arena& arena, int rows) const override;
  void sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first, int count) const override;
  bool needs_action_gradient() const override { return true; }
  void backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss, int first,
                int count, Panels<T> d_head) const override;
  void draw_noise(const WeightedActions<T>& samples, int row, Rng* noise) const override;
  int choose(const WeightedActions<T>& samples, int row, Rng* noise, T* action, bool& finite) const override;
  PolicyParameters parameters(const WeightedActions<T>& samples, int row) const override;
  ActingValues describe(PolicyGraph& graph, const std::vector<int>& parts) const override;

 protected:
  // With the noise as a value (A) of the graph.
  ActingValues describe_with(PolicyGraph& graph, const std::vector<int>& parts, int eps, const std::string& kind) const;

 private:
  GaussianShape shape_;
};

extern template class GaussianPolicy<float>;
extern template class GaussianPolicy<double>;

}  // namespace softac

// Critics that learn a distribution (C51, Bellemare et al., arXiv 1707.06887; docs/math.md): each has n outputs, the
// logits of a distribution over n fixed values, the atoms z_k from v_min to v_max. Its mean is Q. Targets are the
// target critic with the smallest Q (with target_reduce = own each critic's own copy), its atoms moved by reward,
// discount and entropy and projected back onto the atoms; the loss is the cross-entropy. The actor takes the smallest Q
// or the mean.
#pragma once

#include "agent/objective.h"

namespace softac {

template <class T>
class CategoricalObjective final : public CriticObjective<T> {
 public:
  CategoricalObjective(const SacConfig& config, const KernelTable<T>& kernels);

  int num_outputs() const override { return atoms_; }
  // The probabilities m of all atoms, zeros up to a whole panel; with target_reduce = own for each critic.
  int target_width(int) const override { return copies_ * width_; }
  std::int64_t cost_per_row(int num_next_actions) const override {
    return std::int64_t{num_next_actions} * (num_targets_ + copies_) * width_ * 4;
  }
  void target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count, Outputs<T> y,
              T* mean) const override;
  void loss(int critic, Outputs<const T> q, const int* column, Outputs<const T> y, int first, int count, T* terms,
            Outputs<T> d_q, T* value) const override;
  void actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const override;
  int describe_value(PolicyGraph&, const std::vector<int>&) const override {
    throw_no_description("critic_loss = \"categorical\" with discrete_policy = \"boltzmann\"");
  }
  void actor_gradient(int num_critics, T scale, Outputs<const T> q, const int* order, Outputs<T> d_q) const override;

 private:
  // A row's distribution.
  struct Softmax {
    T mean, log_sum;  // Q, and log Σ exp(logit)
  };
  const T* smallest(const CriticValues<T>& q, int row, T* one, T* other) const;
  Softmax softmax(Outputs<const T> logits, int row, int column, T* p) const;
  void project(const T* p, T reward, T discount, T entropy, T weight, T* m) const;

  const KernelTable<T>& kernels_;
  int atoms_, width_;         // n, and n up to a whole panel
  int num_targets_, copies_;  // target critics, and distributions made of them
  bool actor_mean_;
  std::vector<T> support_;  // (width) z_k, then zeros
  T low_, high_, step_;
  T reward_scale_, batch_size_;
};

extern template class CategoricalObjective<float>;
extern template class CategoricalObjective<double>;

}  // namespace softac

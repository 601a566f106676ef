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

#include "math/kernel_table.h"
#include "nn/policy_samples.h"

namespace softac {

template <class T>
class MixtureGaussian {
 public:
  static constexpr int kMaxComponents = 32;

  // shape: of one component. 1 ≤ components ≤ kMaxComponents.
  MixtureGaussian(const GaussianShape& shape, int components);

  int components() const { return components_; }
  // Columns of the head: μ_k (K·A), raw log σ_k (K·A), logits (K).
  int head_columns() const { return components_ * (2 * shape_.act_dim + 1); }

  // Fills rows [first, first + count) of samples from their head and eps.
  void sample(const PolicySamples<T>& samples, int first, int count) const;

  // d_head of J = scale · Σ_r Σ_k w_k f_k, f_k = alpha·log π(a_k) − q(a_k), through everything that depends on the
  // head: w, the samples and the densities.
  struct Backward {
    const T* terms;     // (K·B) f_k of row r at k·B + r
    const T* d_action;  // row-lane rows k·B + r: −scale · ∂q/∂a at a_k (without w_k)
    int batch_size;     // B
    T alpha, scale;
    Panels<T> d_head;  // (B, columns), written
  };
  // Rows [first, first + count) of samples and of d_head alike.
  void backward(const PolicySamples<T>& samples, const Backward& g, int first, int count) const;

  // What a row's head says: log w_k (K), μ (K·A), log σ (K·A).
  void parameters(const Panels<T>& head, int row, T* log_weight, T* mu, T* log_sigma) const;

 private:
  // log w_k of a row.
  void log_weights(const Panels<T>& head, int row, T* log_weight) const;
  // log w_j + log N_j(u_k) for all j, before squashing; u_k is sample (row, k).
  void part_logs(const PolicySamples<T>& samples, int row, int k, const T* log_weight, const T* sum_log_sigma,
                 T* out) const;
  // z of sample (row, k) in component j's scale.
  T standardised(const PolicySamples<T>& samples, int row, int k, int j, int d) const;
  // Σ_d log σ_kd of every component.
  void sum_log_sigmas(const Panels<T>& head, int row, T* out) const;
  int mu_column(int k, int d) const { return k * shape_.act_dim + d; }
  int sigma_column(int k, int d) const { return (components_ + k) * shape_.act_dim + d; }
  int logit_column(int k) const { return 2 * components_ * shape_.act_dim + k; }

  GaussianShape shape_;
  int components_;
};

// The component whose share of [0, 1) holds u: weights w_0 … w_{K−1}, `stride` apart.
template <class T>
int component_at(const T* weight, std::ptrdiff_t stride, int components, double u) {
  double sum = 0.0;
  for (int k = 0; k + 1 < components; ++k) {
    sum += static_cast<double>(weight[k * stride]);
    if (u < sum) return k;
  }
  return components - 1;
}
// The component of the largest weight; ties go to the first.
template <class T>
int most_probable_component(const T* weight, std::ptrdiff_t stride, int components) {
  int best = 0;
  for (int k = 1; k < components; ++k) {
    if (weight[k * stride] > weight[best * stride]) best = k;
  }
  return best;
}

extern template class MixtureGaussian<float>;
extern template class MixtureGaussian<double>;

}  // namespace softac

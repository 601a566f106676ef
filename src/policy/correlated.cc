#include "policy/correlated.h"

#include <algorithm>
#include <cmath>

namespace softac {

template <class T>
int CorrelatedGaussianPolicy<T>::head_columns() const {
  const int act_dim = this->shape().act_dim;
  return 2 * act_dim + act_dim * (act_dim - 1) / 2;
}

template <class T>
std::vector<HeadPart> CorrelatedGaussianPolicy<T>::head_parts() const {
  const int act_dim = this->shape().act_dim;
  std::vector<HeadPart> parts = GaussianPolicy<T>::head_parts();
  parts.push_back({"shear", act_dim * (act_dim - 1) / 2});
  return parts;
}

template <class T>
WeightedActions<T> CorrelatedGaussianPolicy<T>::make_samples(Arena& arena, int rows) const {
  WeightedActions<T> out = make_gaussian_samples<T>(arena, rows, 1, head_columns(), this->shape());
  // The kernels read the last row a whole lane row far.
  out.sheared_eps = arena.take<T>(static_cast<std::size_t>(rows) * this->shape().act_dim + out.width);
  return out;
}

// With ε' = ε + N ε in place of ε the kernel's u is right, and its log π by ½(|ε'|² − |ε|²) too small.
template <class T>
void CorrelatedGaussianPolicy<T>::sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first,
                                         int count) const {
  const int act_dim = this->shape().act_dim;
  for (int r = first; r < first + count; ++r) {
    const T* eps = samples.eps + std::ptrdiff_t{r} * act_dim;
    T* sheared = samples.sheared_eps + std::ptrdiff_t{r} * act_dim;
    int column = 2 * act_dim;
    for (int i = 0; i < act_dim; ++i) {
      sheared[i] = eps[i];
      for (int j = 0; j < i; ++j) sheared[i] = std::fma(samples.head.at(r, column++), eps[j], sheared[i]);
    }
  }
  WeightedActions<T> moved = samples;
  moved.eps = samples.sheared_eps;
  GaussianPolicy<T>::sample(k, moved, first, count);
  for (int r = first; r < first + count; ++r) {
    const T* eps = samples.eps + std::ptrdiff_t{r} * act_dim;
    const T* sheared = samples.sheared_eps + std::ptrdiff_t{r} * act_dim;
    T excess = T(0);
    for (int i = 0; i < act_dim; ++i) excess = std::fma(sheared[i] - eps[i], sheared[i] + eps[i], excess);
    samples.log_pi[r] = std::fma(T(0.5), excess, samples.log_pi[r]);
  }
}

// d_N_ij = d_u_i σ_i ε_j, and d_u is d_μ.
template <class T>
void CorrelatedGaussianPolicy<T>::backward(const KernelTable<T>& k, const WeightedActions<T>& samples,
                                           const ActorLoss<T>& loss, int first, int count, Panels<T> d_head) const {
  WeightedActions<T> moved = samples;
  moved.eps = samples.sheared_eps;
  GaussianPolicy<T>::backward(k, moved, loss, first, count, d_head);
  const int act_dim = this->shape().act_dim;
  for (int r = first; r < first + count; ++r) {
    const T* eps = samples.eps + std::ptrdiff_t{r} * act_dim;
    int column = 2 * act_dim;
    for (int i = 0; i < act_dim; ++i) {
      const T d_sheared = d_head.at(r, i) * samples.sigma[std::ptrdiff_t{r} * samples.width + i];
      for (int j = 0; j < i; ++j) d_head.at(r, column++) = d_sheared * eps[j];
    }
  }
}

template <class T>
PolicyParameters CorrelatedGaussianPolicy<T>::parameters(const WeightedActions<T>& samples, int row) const {
  PolicyParameters out = GaussianPolicy<T>::parameters(samples, row);
  for (int c = 2 * this->shape().act_dim; c < head_columns(); ++c)
    out.shear.push_back(static_cast<double>(samples.head.at(row, c)));
  return out;
}

template <class T>
ActingValues CorrelatedGaussianPolicy<T>::describe(PolicyGraph& graph, const std::vector<int>& parts) const {
  const int eps = graph.add(NoiseStep{this->shape().act_dim});
  const int sheared = graph.add(ShearStep{}, {eps, parts[2]});
  return this->describe_with(graph, parts, sheared, gaussian_name(this->shape()) + " with full covariance");
}

template class CorrelatedGaussianPolicy<float>;
template class CorrelatedGaussianPolicy<double>;

}  // namespace softac

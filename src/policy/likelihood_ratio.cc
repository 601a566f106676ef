#include "policy/likelihood_ratio.h"

#include "base/elementary.h"

namespace softac {

template <class T>
void LikelihoodRatioPolicy<T>::prepare(const ActorLoss<T>& loss) const {
  const int rows = loss.batch_size;
  const bool leave_one_out = baseline_ == ActorBaseline::leave_one_out && rows > 1;
  T sum = 0;
  for (int b = 0; b < rows; ++b) sum = sum + loss.row_terms[b];
  for (int b = 0; b < rows; ++b) {
    const T baseline = leave_one_out ? (sum - loss.row_terms[b]) / static_cast<T>(rows - 1) : T(0);
    loss.row_weight[b] = (loss.row_terms[b] - baseline) / static_cast<T>(rows);
  }
}

// With u = μ + σ·ε fixed:  ∂ log π/∂μ = ε/σ,  ∂ log π/∂ log σ = ε² − 1  (the tanh term depends on u alone).
template <class T>
void LikelihoodRatioPolicy<T>::backward(const KernelTable<T>&, const WeightedActions<T>& samples,
                                        const ActorLoss<T>& loss, int first, int count, Panels<T> d_head) const {
  const GaussianShape& shape = this->shape();
  const T low = static_cast<T>(shape.log_std_min), high = static_cast<T>(shape.log_std_max);
  const T half_range = static_cast<T>(0.5 * (shape.log_std_max - shape.log_std_min));
  const int act_dim = shape.act_dim;
  for (int r = first; r < first + count; ++r) {
    const T weight = loss.row_weight[r];
    for (int d = 0; d < act_dim; ++d) {
      const T eps = samples.eps[std::ptrdiff_t{r} * act_dim + d];
      const T sigma = samples.sigma[std::ptrdiff_t{r} * samples.width + d];
      const T raw = samples.head.at(r, act_dim + d);
      T slope = raw < low || raw > high ? T(0) : T(1);  // d log σ / d raw
      if (shape.tanh_rule) {
        const T t = elementary::tanh(elementary::Scalar<T>(raw)).v;
        slope = half_range * (T(1) - t * t);
      }
      d_head.at(r, d) = weight * (eps / sigma);
      d_head.at(r, act_dim + d) = weight * (eps * eps - T(1)) * slope;
    }
  }
}

template class LikelihoodRatioPolicy<float>;
template class LikelihoodRatioPolicy<double>;

}  // namespace softac

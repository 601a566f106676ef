// The likelihood-ratio form of the actor gradient (docs/math.md E13), an alternative to reparameterisation:
//   −∇J_π = E[ (min_i Q_i(s, a) − α log π(a|s) − b) ∇ log π(a|s) ],  the action held fixed.
// With u = μ + σ·ε fixed:  ∂ log π/∂μ = ε/σ,  ∂ log π/∂ log σ = ε² − 1  (the tanh term depends on u alone).
#pragma once

#include "base/elementary.h"
#include "nn/actor.h"

namespace softac {

// d_head (·, 2A) = weight_r · ∇ log π(a_r|s_r) with respect to (μ, raw log σ), for rows [first, first + count).
// weight: (·), what each row's ∇ log π is multiplied with.
template <class T>
void likelihood_ratio_rows(const GaussianShape& shape, const PolicySamples<T>& samples, const T* weight,
                           Panels<T> d_head, int first, int count) {
  const T low = static_cast<T>(shape.log_std_min), high = static_cast<T>(shape.log_std_max);
  const T half_range = static_cast<T>(0.5 * (shape.log_std_max - shape.log_std_min));
  const int act_dim = shape.act_dim;
  for (int r = first; r < first + count; ++r) {
    for (int k = 0; k < act_dim; ++k) {
      const T eps = samples.eps[static_cast<std::ptrdiff_t>(r) * act_dim + k];
      const T sigma = samples.sigma[static_cast<std::ptrdiff_t>(r) * samples.width + k];
      const T raw = samples.head.at(r, act_dim + k);
      T slope = raw < low || raw > high ? T(0) : T(1);  // d log σ / d raw
      if (shape.tanh_rule) {
        const T t = elementary::tanh(elementary::Scalar<T>(raw)).v;
        slope = half_range * (T(1) - t * t);
      }
      d_head.at(r, k) = weight[r] * (eps / sigma);
      d_head.at(r, act_dim + k) = weight[r] * (eps * eps - T(1)) * slope;
    }
  }
}

// The factors of ∇ log π: w_b = (J_b − baseline_b)/B, where J_b = α log π − min Q is row b's term of the actor loss.
// leave_one_out: baseline_b is the mean of the other rows' terms, which leaves the expectation as it is; else none.
// terms, weight: (rows).
template <class T>
void likelihood_ratio_weights(const T* terms, int rows, bool leave_one_out, T* weight) {
  T sum = 0;
  for (int b = 0; b < rows; ++b) sum = sum + terms[b];
  for (int b = 0; b < rows; ++b) {
    const T baseline = leave_one_out && rows > 1 ? (sum - terms[b]) / static_cast<T>(rows - 1) : T(0);
    weight[b] = (terms[b] - baseline) / static_cast<T>(rows);
  }
}

}  // namespace softac

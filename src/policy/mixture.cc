#include "policy/mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/elementary_scalar.h"
#include "math/gaussian_lanes.h"
#include "softac/error.h"

namespace softac {
namespace {

template <class T>
using Real = elementary::Scalar<T>;

// log Σ exp(x_k), the largest taken out.
template <class T>
T log_sum_exp(const T* x, int count) {
  const T most = *std::max_element(x, x + count);
  T sum = T(0);
  for (int k = 0; k < count; ++k) sum = sum + exp_of(x[k] - most);
  return most + log_of(sum);
}

}  // namespace

template <class T>
MixturePolicy<T>::MixturePolicy(const GaussianShape& shape, int components) : shape_(shape), components_(components) {
  SOFTAC_REQUIRE(components >= 1 && components <= kMaxComponents, components);
}

template <class T>
void MixturePolicy<T>::log_weights(const Panels<T>& head, int row, T* log_weight) const {
  for (int k = 0; k < components_; ++k) log_weight[k] = head.at(row, logit_column(k));
  const T log_sum = log_sum_exp(log_weight, components_);
  for (int k = 0; k < components_; ++k) log_weight[k] = log_weight[k] - log_sum;
}

template <class T>
void MixturePolicy<T>::sum_log_sigmas(const Panels<T>& head, int row, T* out) const {
  const GaussianConstants<Real<T>> constants(shape_);
  for (int k = 0; k < components_; ++k) {
    out[k] = T(0);
    for (int d = 0; d < shape_.act_dim; ++d)
      out[k] = out[k] + bounded_log_sigma(constants, Real<T>(head.at(row, sigma_column(k, d)))).v;
  }
}

// The component's own z is ε itself: exact also where σ is lost in u = μ + σ ε.
template <class T>
T MixturePolicy<T>::standardised(const WeightedActions<T>& samples, int row, int k, int j, int d) const {
  const auto i = static_cast<std::ptrdiff_t>(samples.at(row, k)), own = static_cast<std::ptrdiff_t>(samples.at(row, j));
  if (j == k) return samples.eps[i * shape_.act_dim + d];
  return (samples.u[i * samples.width + d] - samples.head.at(row, mu_column(j, d))) /
         samples.sigma[own * samples.width + d];
}

template <class T>
void MixturePolicy<T>::part_logs(const WeightedActions<T>& samples, int row, int k, const T* log_weight,
                                 const T* sum_log_sigma, T* out) const {
  for (int j = 0; j < components_; ++j) {
    T squares = T(0);
    for (int d = 0; d < shape_.act_dim; ++d) {
      const T z = standardised(samples, row, k, j, d);
      squares = std::fma(z, z, squares);
    }
    out[j] = std::fma(T(-0.5), squares,
                      log_weight[j] - sum_log_sigma[j] - T(kHalfLogTwoPi) * static_cast<T>(shape_.act_dim));
  }
}

template <class T>
void MixturePolicy<T>::sample(const KernelTable<T>&, const WeightedActions<T>& samples, int first, int count) const {
  const GaussianConstants<Real<T>> constants(shape_);
  T log_weight[kMaxComponents], sum_log_sigma[kMaxComponents], logs[kMaxComponents], slopes[kMaxComponents];
  for (int r = first; r < first + count; ++r) {
    log_weights(samples.head, r, log_weight);
    sum_log_sigmas(samples.head, r, sum_log_sigma);
    for (int k = 0; k < components_; ++k) {
      const auto i = static_cast<std::ptrdiff_t>(samples.at(r, k));
      samples.weight[i] = exp_of(log_weight[k]);
      slopes[k] = T(0);
      for (int d = 0; d < shape_.act_dim; ++d) {
        const auto out = gaussian_sample(constants, Real<T>(samples.head.at(r, mu_column(k, d))),
                                         Real<T>(samples.head.at(r, sigma_column(k, d))),
                                         Real<T>(samples.eps[i * shape_.act_dim + d]));
        samples.action[i * samples.width + d] = out.action.v;
        samples.u[i * samples.width + d] = out.u.v;
        samples.sigma[i * samples.width + d] = out.sigma.v;
        if (shape_.squash) slopes[k] = slopes[k] + T(2) * half_log_slope(out.u).v;
      }
    }
    T mean = T(0);
    for (int k = 0; k < components_; ++k) {
      const int i = samples.at(r, k);
      part_logs(samples, r, k, log_weight, sum_log_sigma, logs);
      samples.log_pi[i] = log_sum_exp(logs, components_) - slopes[k];
      mean = std::fma(samples.weight[i], samples.log_pi[i], mean);
    }
    samples.mean_log_pi[r] = mean;
  }
}

// With the responsibilities ρ_kj = w_j N_j(u_k) / Σ_i w_i N_i(u_k) of the components for sample k:
//   ∂ log π(u_k)/∂ log w_j = ρ_kj,  ∂/∂μ_j = ρ_kj z/σ_j,  ∂/∂ log σ_j = ρ_kj (z² − 1)   (u_k fixed)
//   ∂ log π(a_k)/∂u_k = −Σ_j ρ_kj z/σ_j + 2 tanh u_k
// and u_k = μ_k + σ_k ε_k. For j = k the two contributions to μ_k cancel, and those to log σ_k leave −ρ_kk: written so,
// nothing is lost where σ is small.
template <class T>
void MixturePolicy<T>::backward(const KernelTable<T>&, const WeightedActions<T>& samples, const ActorLoss<T>& g,
                                int first, int count, Panels<T> d_head) const {
  const GaussianConstants<Real<T>> constants(shape_);
  const int act_dim = shape_.act_dim;
  const T scale = T(1) / static_cast<T>(g.batch_size), entropy = g.alpha * scale;
  T log_weight[kMaxComponents], sum_log_sigma[kMaxComponents], share[kMaxComponents];
  for (int r = first; r < first + count; ++r) {
    for (int p = 0; p < num_panels(head_columns()); ++p) std::fill_n(d_head.panel(p) + r * kLanes, kLanes, T(0));
    log_weights(samples.head, r, log_weight);
    sum_log_sigmas(samples.head, r, sum_log_sigma);
    T loss = T(0);  // Σ_k w_k f_k
    for (int k = 0; k < components_; ++k)
      loss = std::fma(samples.weight[samples.at(r, k)], g.terms[k * g.batch_size + r], loss);
    for (int k = 0; k < components_; ++k) {
      const auto i = static_cast<std::ptrdiff_t>(samples.at(r, k));
      const std::ptrdiff_t lane = i * samples.width;
      const T* d_action = g.d_action + (std::ptrdiff_t{k} * g.batch_size + r) * samples.width;
      const T w = samples.weight[i], w_entropy = w * entropy;
      part_logs(samples, r, k, log_weight, sum_log_sigma, share);
      const T log_pi = log_sum_exp(share, components_);
      for (int j = 0; j < components_; ++j) share[j] = exp_of(share[j] - log_pi);  // ρ_kj

      T& d_logit = d_head.at(r, logit_column(k));
      d_logit = std::fma(scale * w, g.terms[k * g.batch_size + r] - loss, d_logit);
      for (int j = 0; j < components_; ++j) {
        T& d_other = d_head.at(r, logit_column(j));
        d_other = std::fma(w_entropy, share[j] - samples.weight[samples.at(r, j)], d_other);
      }
      for (int d = 0; d < act_dim; ++d) {
        const Real<T> u(samples.u[lane + d]);
        T d_u = d_action[d];
        if (shape_.squash) d_u = std::fma(d_u, tanh_slope(u).v, entropy * (T(2) * elementary::tanh(u).v));
        for (int j = 0; j < components_; ++j) {
          if (j == k || share[j] == T(0)) continue;
          const T z = standardised(samples, r, k, j, d);
          const T score =
              share[j] * (z / samples.sigma[static_cast<std::ptrdiff_t>(samples.at(r, j)) * samples.width + d]);
          d_u = std::fma(-entropy, score, d_u);
          T& d_mu = d_head.at(r, mu_column(j, d));
          d_mu = std::fma(w_entropy, score, d_mu);
          T& d_log_sigma = d_head.at(r, sigma_column(j, d));
          d_log_sigma = std::fma(w_entropy, share[j] * std::fma(z, z, T(-1)), d_log_sigma);
        }
        T& d_mu = d_head.at(r, mu_column(k, d));
        d_mu = std::fma(w, d_u, d_mu);
        T& d_log_sigma = d_head.at(r, sigma_column(k, d));
        const T through_u = d_u * (samples.sigma[lane + d] * samples.eps[i * act_dim + d]);
        d_log_sigma = std::fma(w, std::fma(-entropy, share[k], through_u), d_log_sigma);
      }
    }
    for (int k = 0; k < components_; ++k) {
      for (int d = 0; d < act_dim; ++d) {
        const int column = sigma_column(k, d);
        T& d_raw = d_head.at(r, column);
        d_raw = raw_gradient(constants, Real<T>(samples.head.at(r, column)), Real<T>(d_raw)).v;
      }
    }
  }
}

template <class T>
std::vector<HeadPart> MixturePolicy<T>::head_parts() const {
  const int values = components_ * shape_.act_dim;
  return {{"mu", values}, {"log_std", values}, {"logits", components_}};
}

template <class T>
WeightedActions<T> MixturePolicy<T>::make_samples(Arena& arena, int rows) const {
  return make_gaussian_samples<T>(arena, rows, components_, head_columns(), shape_);
}

template <class T>
void MixturePolicy<T>::draw_noise(const WeightedActions<T>& samples, int row, Rng* noise) const {
  draw_gaussian_noise(samples, row, shape_.act_dim, noise);
}

template <class T>
int MixturePolicy<T>::choose(const WeightedActions<T>& samples, int row, Rng* noise, T* action, bool& finite) const {
  const auto weight = [&](int k) { return samples.weight[samples.at(row, k)]; };
  int chosen = 0;
  if (noise) {
    const double u = noise->uniform();
    double sum = 0.0;
    for (; chosen + 1 < components_; ++chosen) {
      sum += static_cast<double>(weight(chosen));
      if (u < sum) break;
    }
  } else {
    for (int k = 1; k < components_; ++k) {
      if (weight(k) > weight(chosen)) chosen = k;
    }
  }
  take_action(samples, row, chosen, shape_.act_dim, action, finite);
  return chosen;
}

template <class T>
PolicyParameters MixturePolicy<T>::parameters(const WeightedActions<T>& samples, int row) const {
  const GaussianConstants<Real<T>> constants(shape_);
  T log_weight[kMaxComponents];
  log_weights(samples.head, row, log_weight);
  PolicyParameters out;
  for (int k = 0; k < components_; ++k) {
    out.log_weight.push_back(static_cast<double>(log_weight[k]));
    for (int d = 0; d < shape_.act_dim; ++d) {
      out.mu.push_back(static_cast<double>(samples.head.at(row, mu_column(k, d))));
      const Real<T> raw(samples.head.at(row, sigma_column(k, d)));
      out.log_std.push_back(static_cast<double>(bounded_log_sigma(constants, raw).v));
    }
  }
  return out;
}

// Only the component that is chosen is computed: the others do not change its action.
template <class T>
ActingValues MixturePolicy<T>::describe(PolicyGraph& graph, const std::vector<int>& parts) const {
  const int act_dim = shape_.act_dim;
  const int weights = graph.add(ExpStep{}, {graph.add(LogSoftmaxStep{}, {parts[2]})});
  const int likeliest = graph.add(ArgMaxStep{}, {weights});
  const int mean = graph.add(PickStep{act_dim}, {parts[0], likeliest});

  const int noise = graph.add(NoiseStep{act_dim, 1, 0});
  const int eps = graph.add(SliceStep{0, act_dim}, {noise});
  const int chosen = graph.add(DrawStep{}, {weights, graph.add(SliceStep{act_dim, 1}, {noise})});
  const int mu = graph.add(PickStep{act_dim}, {parts[0], chosen});
  const int sigma = describe_sigma(graph, shape_, graph.add(PickStep{act_dim}, {parts[1], chosen}));
  const int u = graph.add(MultiplyAddStep{}, {sigma, eps, mu});
  return {"mixture of " + std::to_string(components_) + " " + gaussian_name(shape_) + "s",
          describe_squash(graph, shape_, mean), describe_squash(graph, shape_, u)};
}

template <class T>
void MixturePolicy<T>::init_head(const Slot& head, T* params, Rng& rng) const {
  const double unit = std::sqrt(3.0 / (double(components_) * components_ - 1.0));
  std::vector<int> place(components_);
  for (int d = 0; d < shape_.act_dim; ++d) {
    std::iota(place.begin(), place.end(), 0);
    for (std::size_t left = place.size(); left > 1; --left) std::swap(place[left - 1], place[rng.below(left)]);
    for (int k = 0; k < components_; ++k) {
      const double offset = unit * (2 * place[k] - (components_ - 1));
      params[head.offset + head.bias_index(mu_column(k, d))] += static_cast<T>(offset);
    }
  }
}

template class MixturePolicy<float>;
template class MixturePolicy<double>;

}  // namespace softac

#include "agent/objective_quantile.h"

#include <algorithm>
#include <cmath>

#include "agent/reduce.h"

namespace softac {

template <class T>
QuantileObjective<T>::QuantileObjective(const SacConfig& config)
    : outputs_(config.n_quantiles),
      target_mean_(target_reduce(config) == TargetReduce::mean),
      kept_(target_mean_ ? outputs_ : num_target_critics(config) * (outputs_ - config.top_quantiles_to_drop_per_net)),
      dropped_(target_mean_ ? 0 : num_target_critics(config) * config.top_quantiles_to_drop_per_net),
      reward_scale_(static_cast<T>(config.reward_scale)),
      batch_size_(static_cast<T>(config.batch_size)) {}

// y_l = reward_scale · r + discount · (z_l − α log π(a'|s')),  z the N·M pooled outputs without the largest d·N (with
// target_reduce = mean the M means over the critics). With several next actions y is the mixture of their distributions
// by their weights.
template <class T>
void QuantileObjective<T>::target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count,
                                  Outputs<T> y, T* mean) const {
  const int actions = next.num_actions();
  const T draws = static_cast<T>(next.num_draws);
  for (int b = first; b < first + count; ++b) {
    mean[b] = T(0);
    for (int a = 0; a < actions; ++a) {
      const CriticValues<T> q = next.values(a);
      T pool[kMaxPooledQuantiles];
      int size = 0;
      for (int i = 0; i < q.num_critics(); ++i) {
        if (target_mean_) size = 0;
        for (int j = 0; j < outputs_; ++j, ++size)
          pool[size] = target_mean_ && i > 0 ? pool[size] + q.at(i, b, j) : q.at(i, b, j);
      }
      for (int j = 0; target_mean_ && j < outputs_; ++j) pool[j] = pool[j] / static_cast<T>(q.num_critics());
      // The largest goes, d·N times; of equals the last.
      for (int drop = 0; drop < dropped_; ++drop) {
        int largest = 0;
        for (int l = 1; l < size; ++l) largest = pool[l] >= pool[largest] ? l : largest;
        std::copy(pool + largest + 1, pool + size, pool + largest);
        --size;
      }
      const T entropy = alpha * next.log_pi(a, b), weight = next.weight(a, b) / draws;
      T sum = T(0);
      for (int l = 0; l < kept_; ++l) {
        T& at = y.at(b, a * kept_ + l);
        at = std::fma(batch.discount[b], pool[l] - entropy, reward_scale_ * batch.reward[b]);
        sum = sum + at;
      }
      y.at(b, actions * kept_ + a) = weight;
      mean[b] = std::fma(weight, sum / static_cast<T>(kept_), mean[b]);
    }
  }
}

namespace {

// One critic's outputs in a row, with the sums over the targets that they meet.
template <class T>
struct Quantiles {
  T theta[kMaxQuantiles], tau[kMaxQuantiles], below[kMaxQuantiles];  // below: 1 − τ_j
  T rho[kMaxQuantiles], gradient[kMaxQuantiles];
};

// δ = y − θ_j:  ρ += share · |τ_j − 1[δ < 0]| · huber(δ),  gradient += its derivative with respect to θ_j. Without a
// branch, so that compilers take several j at once.
template <class T>
void meet(Quantiles<T>& q, int outputs, T y, T share) {
  for (int j = 0; j < outputs; ++j) {
    const T delta = y - q.theta[j], size = std::fabs(delta), inside = size < T(1) ? size : T(1);
    const T factor = share * (delta < T(0) ? q.below[j] : q.tau[j]), slope = factor * inside;
    q.rho[j] = q.rho[j] + slope * (size - T(0.5) * inside);  // ½δ², or |δ| − ½
    q.gradient[j] = q.gradient[j] + (delta < T(0) ? slope : -slope);
  }
}

}  // namespace

// J = mean over b, j and l of ρ (l by the actions' weights),  ∂ρ/∂θ_j = −|τ_j − 1[δ < 0]| · clip(δ, −1, 1)
template <class T>
void QuantileObjective<T>::loss(int, Outputs<const T> q, const int* column, Outputs<const T> y, int first, int count,
                                T* terms, Outputs<T> d_q, T* value) const {
  const int actions = y.cols / (kept_ + 1);
  const T outputs = static_cast<T>(outputs_);
  Quantiles<T> row;
  for (int j = 0; j < outputs_; ++j) {
    row.tau[j] = (static_cast<T>(j) + T(0.5)) / outputs;
    row.below[j] = T(1) - row.tau[j];
  }
  for (int b = first; b < first + count; ++b) {
    T sum = T(0), rho = T(0);
    for (int j = 0; j < outputs_; ++j) {
      row.theta[j] = q.at(b, column[b] + j);
      row.rho[j] = row.gradient[j] = T(0);
      sum = sum + row.theta[j];
    }
    value[b] = sum / outputs;
    for (int a = 0; a < actions; ++a) {
      const T share = y.at(b, actions * kept_ + a) / static_cast<T>(kept_);
      for (int l = 0; l < kept_; ++l) meet(row, outputs_, y.at(b, a * kept_ + l), share);
    }
    for (int j = 0; j < outputs_; ++j) {
      rho = rho + row.rho[j];
      d_q.at(b, column[b] + j) = row.gradient[j] / (outputs * batch_size_);
    }
    terms[b] = rho / outputs;
  }
}

// v = mean of all critics' quantiles.
template <class T>
void QuantileObjective<T>::actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const {
  for (int b = first; b < first + count; ++b) {
    T sum = T(0);
    for (int i = 0; i < q.num_critics(); ++i) {
      for (int j = 0; j < outputs_; ++j) sum = sum + q.at(i, b, j);
    }
    value[b] = sum / static_cast<T>(q.num_critics() * outputs_);
    carrier[b] = -1;
  }
}

template <class T>
void QuantileObjective<T>::actor_gradient(int num_critics, T scale, Outputs<const T>, const int*,
                                          Outputs<T> d_q) const {
  const T share = scale / static_cast<T>(num_critics * outputs_);
  for (int r = 0; r < d_q.rows; ++r) {
    for (int j = 0; j < outputs_; ++j) d_q.at(r, j) = share;
  }
}

template class QuantileObjective<float>;
template class QuantileObjective<double>;

}  // namespace softac

#include "agent/objective_mse.h"

#include <cmath>

#include "agent/reduce.h"

namespace softac {
namespace {

// The mean of all critics in a row, in their order.
template <class T>
T mean_of_critics(const CriticValues<T>& q, int row) {
  T sum = q.at(0, row);
  for (int i = 1; i < q.num_critics(); ++i) sum = sum + q.at(i, row);
  return sum / static_cast<T>(q.num_critics());
}

}  // namespace

template <class T>
MeanSquareObjective<T>::MeanSquareObjective(const SacConfig& config)
    : num_critics_(config.n_critics),
      own_(target_reduce(config) == TargetReduce::own),
      target_mean_(target_reduce(config) == TargetReduce::mean),
      actor_mean_(actor_reduce(config) == ActorReduce::mean),
      reward_scale_(static_cast<T>(config.reward_scale)),
      batch_size_(static_cast<T>(config.batch_size)) {}

// What the target of one critic takes of all target critics.
template <class T>
T MeanSquareObjective<T>::bootstrap(const CriticValues<T>& q, int row, int critic) const {
  if (own_) return q.at(critic, row);
  if (target_mean_) return mean_of_critics(q, row);
  T least = q.at(0, row);
  for (int j = 1; j < q.num_critics(); ++j) least = least <= q.at(j, row) ? least : q.at(j, row);
  return least;
}

// y = reward_scale · r + discount · V(s'),  V = Σ_k w_k ( min_j Q_θ̄j(s', a_k) − α log π(a_k|s') ), averaged over n
// draws; with target_reduce = own one y for each critic.
template <class T>
void MeanSquareObjective<T>::target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count,
                                    Outputs<T> y, T* mean) const {
  const int actions = next.num_actions();
  const T draws = static_cast<T>(next.num_draws);
  for (int b = first; b < first + count; ++b) {
    for (int i = 0; i < y.cols; ++i) {
      T sum = T(0);
      for (int k = 0; k < actions; ++k) {
        const T value = next.weight(k, b) * std::fma(-alpha, next.log_pi(k, b), bootstrap(next.values(k), b, i));
        sum = k == 0 ? value : sum + value;
      }
      y.at(b, i) = std::fma(batch.discount[b], sum / draws, reward_scale_ * batch.reward[b]);
      mean[b] = i == 0 ? y.at(b, 0) : mean[b] + y.at(b, i);
    }
    if (y.cols > 1) mean[b] = mean[b] / static_cast<T>(y.cols);
  }
}

// J_Q(θ_i) = mean (Q_i − y)²,  d_Q = (2/B)(Q_i − y)
template <class T>
void MeanSquareObjective<T>::loss(int critic, Outputs<const T> q, const int* column, Outputs<const T> y, int first,
                                  int count, T* terms, Outputs<T> d_q, T* value) const {
  const T scale = T(2) / batch_size_;
  for (int b = first; b < first + count; ++b) {
    value[b] = q.at(b, column[b]);
    const T error = value[b] - y.at(b, own_ ? critic : 0);
    terms[b] = error * error;
    d_q.at(b, column[b]) = scale * error;
  }
}

// v = min_i Q_i(s, a), ties go to the first; or the mean, whose gradient all critics carry.
template <class T>
void MeanSquareObjective<T>::actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const {
  for (int b = first; b < first + count; ++b) {
    if (actor_mean_) {
      value[b] = mean_of_critics(q, b);
      carrier[b] = -1;
      continue;
    }
    int least = 0;
    for (int i = 1; i < q.num_critics(); ++i) {
      if (!(q.at(least, b) <= q.at(i, b))) least = i;
    }
    value[b] = q.at(least, b);
    carrier[b] = least;
  }
}

template <class T>
void MeanSquareObjective<T>::actor_gradient(int num_critics, T scale, Outputs<const T>, const int*,
                                            Outputs<T> d_q) const {
  const T share = actor_mean_ ? scale / static_cast<T>(num_critics) : scale;
  for (int r = 0; r < d_q.rows; ++r) d_q.at(r, 0) = share;
}

template class MeanSquareObjective<float>;
template class MeanSquareObjective<double>;

}  // namespace softac

#include "agent/objective_mse.h"

#include <cmath>

namespace softac {

template <class T>
MeanSquareObjective<T>::MeanSquareObjective(const SacConfig& config)
    : reward_scale_(static_cast<T>(config.reward_scale)), batch_size_(static_cast<T>(config.batch_size)) {}

// y = reward_scale · r + discount · V(s'),  V = Σ_k w_k ( min_j Q_θ̄j(s', a_k) − α log π(a_k|s') ), averaged over n
// draws
template <class T>
void MeanSquareObjective<T>::target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count,
                                    Outputs<T> y, T* mean) const {
  const int actions = next.num_actions();
  const T draws = static_cast<T>(next.num_draws);
  for (int b = first; b < first + count; ++b) {
    T sum = T(0);
    for (int k = 0; k < actions; ++k) {
      const CriticValues<T> q = next.values(k);
      T least = q.at(0, b);
      for (int j = 1; j < q.num_critics(); ++j) least = least <= q.at(j, b) ? least : q.at(j, b);
      const T value = next.weight(k, b) * std::fma(-alpha, next.log_pi(k, b), least);
      sum = k == 0 ? value : sum + value;
    }
    y.at(b, 0) = std::fma(batch.discount[b], sum / draws, reward_scale_ * batch.reward[b]);
    mean[b] = y.at(b, 0);
  }
}

// J_Q(θ_i) = mean (Q_i − y)²,  d_Q = (2/B)(Q_i − y)
template <class T>
void MeanSquareObjective<T>::loss(int, Outputs<const T> q, const int* column, Outputs<const T> y, int first, int count,
                                  T* terms, Outputs<T> d_q, T* value) const {
  const T scale = T(2) / batch_size_;
  for (int b = first; b < first + count; ++b) {
    value[b] = q.at(b, column[b]);
    const T error = value[b] - y.at(b, 0);
    terms[b] = error * error;
    d_q.at(b, column[b]) = scale * error;
  }
}

// v = min_i Q_i(s, a); ties go to the first.
template <class T>
void MeanSquareObjective<T>::actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const {
  for (int b = first; b < first + count; ++b) {
    int least = 0;
    for (int i = 1; i < q.num_critics(); ++i) {
      if (!(q.at(least, b) <= q.at(i, b))) least = i;
    }
    value[b] = q.at(least, b);
    carrier[b] = least;
  }
}

template <class T>
void MeanSquareObjective<T>::actor_gradient(int, T scale, Outputs<const T>, const int*, Outputs<T> d_q) const {
  for (int r = 0; r < d_q.rows; ++r) d_q.at(r, 0) = scale;
}

template class MeanSquareObjective<float>;
template class MeanSquareObjective<double>;

}  // namespace softac

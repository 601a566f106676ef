#include "policy/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/discrete_action.h"
#include "base/elementary_scalar.h"

namespace softac {

template <class T>
WeightedActions<T> SoftmaxPolicy<T>::make_samples(Arena& arena, int rows) const {
  WeightedActions<T> out;
  out.rows = rows;
  out.num_actions = num_actions_;
  out.head = arena.panels<T>(rows, num_actions_);
  const auto pairs = static_cast<std::size_t>(rows) * num_actions_;
  out.log_pi = arena.take<T>(pairs);
  out.weight = arena.take<T>(pairs);
  out.mean_log_pi = arena.take<T>(rows);
  return out;
}

// log π = logits − log Σ exp(logits), the largest taken out, whose part of the sum is 1.
template <class T>
void SoftmaxPolicy<T>::sample(const KernelTable<T>&, const WeightedActions<T>& samples, int first, int count) const {
  for (int r = first; r < first + count; ++r) {
    T most = samples.head.at(r, 0);
    for (int a = 1; a < num_actions_; ++a) most = std::max(most, samples.head.at(r, a));
    T sum = T(0), mean = T(0);
    for (int a = 0; a < num_actions_; ++a) {
      const T logit = samples.head.at(r, a);
      sum = sum + (logit == most ? T(1) : exp_of(logit - most));
    }
    const T log_sum = most + log_of(sum);
    for (int a = 0; a < num_actions_; ++a) {
      const int i = samples.at(r, a);
      samples.log_pi[i] = samples.head.at(r, a) - log_sum;
      samples.weight[i] = exp_of(samples.log_pi[i]);
      mean = std::fma(samples.weight[i], samples.log_pi[i], mean);
    }
    samples.mean_log_pi[r] = mean;
  }
}

// d_logit_k = π_k (f_k − Σ_a π_a f_a)/B: the derivative of f_k's log π drops out, since Σ_a dπ_a = 0.
template <class T>
void SoftmaxPolicy<T>::backward(const KernelTable<T>&, const WeightedActions<T>& samples, const ActorLoss<T>& loss,
                                int first, int count, Panels<T> d_head) const {
  const T rows = static_cast<T>(loss.batch_size);
  for (int r = first; r < first + count; ++r) {
    for (int a = 0; a < num_actions_; ++a) {
      const T advantage = loss.terms[std::ptrdiff_t{a} * loss.batch_size + r] - loss.row_terms[r];
      d_head.at(r, a) = samples.weight[samples.at(r, a)] * advantage / rows;
    }
  }
}

// The largest of logits + Gumbel noise is a draw from the softmax; without noise it is the best action.
template <class T>
int SoftmaxPolicy<T>::choose(const WeightedActions<T>& samples, int row, Rng* noise, T* action, bool& finite) const {
  int chosen = 0;
  T most = -std::numeric_limits<T>::infinity();
  for (int a = 0; a < num_actions_; ++a) {
    T score = samples.head.at(row, a);
    finite = finite && std::isfinite(score);
    if (noise) {
      const double u = noise->uniform() + 0x1p-54;
      score -= static_cast<T>(log_of(std::max(-log_of(u), 0x1p-60)));
    }
    if (score > most) {
      most = score;
      chosen = a;
    }
  }
  *action = encode_discrete_action<T>(chosen, num_actions_);
  return chosen;
}

template <class T>
ActingValues SoftmaxPolicy<T>::describe(PolicyGraph& graph, const std::vector<int>& parts) const {
  const int logits = parts[0];
  const int scores = graph.add(AddStep{}, {logits, graph.add(NoiseStep{0, 0, num_actions_})});
  return {"softmax", graph.add(ArgMaxStep{}, {logits}), graph.add(ArgMaxStep{}, {scores}), logits,
          graph.add(ExpStep{}, {graph.add(LogSoftmaxStep{}, {logits})})};
}

template class SoftmaxPolicy<float>;
template class SoftmaxPolicy<double>;

}  // namespace softac

#include "agent/state_value.h"

#include <cmath>

#include "math/lane_tree.h"

namespace softac {

template <class T>
StateValue<T>::StateValue(SacState<T>& state, Arena& arena, int rows, int block, int threads)
    : state_(state),
      net_(state.value_nets.at(0)),
      rows_(rows),
      block_(block),
      tape_(net_.make_tape(arena, rows)),
      d_(net_.make_gradients(arena, rows)),
      transposes_(net_.make_transposes(arena, 0, 0)) {
  for (int i = 0; i < threads; ++i) next_tapes_.push_back(net_.make_tape(arena, block));
  for (T** values : {&v_, &next_v_, &d_v_, &loss_terms_}) *values = arena.take<T>(static_cast<std::size_t>(rows));
}

template <class T>
void StateValue<T>::targets(Backend<T>& backend, const BatchView<T>& batch, T reward_scale, T* y) {
  const auto next_obs = batch.x.first_cols(batch.obs_dim).rows_from(rows_, rows_);
  backend.for_blocks(rows_, block_, net_.cost_per_row(), [&](int worker, int first, int count) {
    net_.forward(backend.kernels(), state_.value_target, next_obs.rows_from(first, count),
                 next_tapes_[static_cast<std::size_t>(worker)], 0, next_v_ + first);
  });
  for (int b = 0; b < rows_; ++b) y[b] = std::fma(batch.discount[b], next_v_[b], reward_scale * batch.reward[b]);
}

// J_V = mean (V − v)²,  d_V = (2/B)(V − v),  v = −actor_terms
template <class T>
double StateValue<T>::gradients(Backend<T>& backend, const BatchView<T>& batch, const T* actor_terms) {
  const KernelTable<T>& k = backend.kernels();
  const auto obs = batch.x.first_cols(batch.obs_dim).rows_from(0, rows_);
  const T scale = T(2) / static_cast<T>(rows_);
  net_.transpose(k, state_.value.value, transposes_);
  backend.for_blocks(rows_, block_, 2 * net_.cost_per_row(), [&](int, int first, int count) {
    net_.forward(k, state_.value.value, obs.rows_from(first, count), tape_, first, v_ + first);
    for (int b = first; b < first + count; ++b) {
      const T error = v_[b] + actor_terms[b];
      loss_terms_[b] = error * error;
      d_v_[b] = scale * error;
    }
    net_.backward(k, state_.value.value, tape_, first, nullptr, transposes_, d_v_ + first, count, d_, first);
  });
  backend.for_tasks(net_.num_weight_tasks(), net_.cost_per_row() * rows_, [&](int task, int) {
    net_.weight_task(k, {obs, tape_, d_, {}, d_v_, state_.value.grad}, task);
  });
  return static_cast<double>(lane_sum(loss_terms_, rows_) / static_cast<T>(rows_));
}

template class StateValue<float>;
template class StateValue<double>;

}  // namespace softac

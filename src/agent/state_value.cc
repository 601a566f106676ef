#include "agent/state_value.h"

#include "math/lane_tree.h"

namespace softac {

template <class T>
StateValue<T>::StateValue(LearnerState<T>& state, Arena& arena, int rows)
    : net_(state.value_nets, state.value, nullptr, arena, rows), loss_terms_(arena.take<T>(rows)) {}

// d_V = (2/B)(V − v),  v = −actor_terms
template <class T>
double StateValue<T>::gradients(Passes<T>& passes, Panels<const T> obs, const T* actor_terms) {
  const int rows = obs.rows;
  const T scale = T(2) / static_cast<T>(rows);
  const T* v = net_.out(0).column();
  T* d_v = net_.d_out(0).column();
  net_.refresh(passes);
  passes.for_rows(rows, 2 * net_.cost_per_row(), [&](int, int first, int count) {
    net_.forward(passes.kernels(), 0, obs.rows_from(first, count), first, net_.out(0).rows_from(first, count));
    for (int b = first; b < first + count; ++b) {
      const T error = v[b] + actor_terms[b];
      loss_terms_[b] = error * error;
      d_v[b] = scale * error;
    }
    net_.backward(passes.kernels(), 0, first, count);
  });
  net_.weight_gradients(passes, obs, rows);
  return static_cast<double>(lane_sum(loss_terms_, rows) / static_cast<T>(rows));
}

template class StateValue<float>;
template class StateValue<double>;

}  // namespace softac

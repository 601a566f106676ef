// The state-value network of the first SAC (Haarnoja et al., arXiv 1801.01290; docs/math.md): with variant =
// state_value the critics have no targets of their own, and bootstrap from V_ψ̄, the Polyak average of a network of
// states alone.
//
//   y = reward_scale · r + discount · V_ψ̄(s')
//   J_V(ψ) = mean (V_ψ(s) − v)²,   v = min_i Q_θi(s, a) − α log π(a|s),   a ~ π(·|s)
//
// v is the negative of the actor loss's terms (E9), so that one sample and one pass through the critics serve both.
#pragma once

#include <vector>

#include "agent/sac_state.h"
#include "math/backend.h"
#include "softac/agent.h"

namespace softac {

template <class T>
class StateValue {
 public:
  // Buffers for batches of `rows` rows, taken in blocks of `block` by each of the backend's threads. The state's
  // value_net must be there.
  StateValue(SacState<T>& state, Arena& arena, int rows, int block, int threads);

  // y (B) from rows B … 2B−1 of the batch.
  void targets(Backend<T>& backend, const BatchView<T>& batch, T reward_scale, T* y);
  // J_V and its gradient, in the state's value.grad. actor_terms: (B), α log π − min Q at the rows of s.
  double gradients(Backend<T>& backend, const BatchView<T>& batch, const T* actor_terms);
  // V_ψ(s) of the last gradients(): (B).
  const T* values() const { return v_; }

 private:
  SacState<T>& state_;
  const Mlp<T>& net_;
  int rows_, block_;
  MlpTape<T> tape_;                      // (B), s rows
  std::vector<MlpTape<T>> next_tapes_;   // one a thread, (block)
  MlpGradients<T> d_;                    // (B)
  MlpTransposes<T> transposes_;          // made anew by each gradients()
  T *v_, *next_v_, *d_v_, *loss_terms_;  // (B)
};

extern template class StateValue<float>;
extern template class StateValue<double>;

}  // namespace softac

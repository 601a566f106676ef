// The state-value network of the first SAC (Haarnoja et al., arXiv 1801.01290; docs/math.md): with variant =
// state_value the critics bootstrap from V_ψ̄, the Polyak average of a network of states alone.
//
//   J_V(ψ) = mean (V_ψ(s) − v)²,   v = min_i Q_θi(s, a) − α log π(a|s),   a ~ π(·|s)
//
// v is the negative of the actor loss's terms (E9), so that one sample and one pass through the critics serve both.
#pragma once

#include "agent/passes.h"
#include "agent/state.h"

namespace softac {

template <class T>
class StateValue {
 public:
  StateValue(LearnerState<T>& state, Arena& arena, int rows);

  // J_V and its gradient, in the state's value.grad. obs: (B, O). actor_terms: (B), α log π − min Q at the same rows.
  double gradients(Passes<T>& passes, Panels<const T> obs, const T* actor_terms);
  void parameters_changed() { net_.parameters_changed(); }
  const T* values() const { return net_.out(0).column(); }  // (B) V_ψ(s) of the last gradients()

 private:
  TrainedNetworks<T> net_;
  T* loss_terms_;  // (B)
};

extern template class StateValue<float>;
extern template class StateValue<double>;

}  // namespace softac

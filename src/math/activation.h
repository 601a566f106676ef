// Hidden activations over any lane type (base/elementary.h), forward and backward.
// The backward pass reads the activation's output, except SiLU's, which reads its input.
#pragma once

#include "base/elementary.h"
#include "softac/choices.h"

namespace softac {

inline constexpr bool needs_input(Activation activation) {
  return activation == Activation::silu;
}

template <class V>
inline V activate(Activation activation, V z) {
  using T = typename V::value_type;
  switch (activation) {
    case Activation::relu:
      return max_(V(T(0)), z);  // this operand order passes NaN on
    case Activation::tanh:
      return elementary::tanh(z);
    case Activation::elu:
      return select(less(V(T(0)), z), z, elementary::expm1(min_(V(T(0)), z)));
    case Activation::silu:
      return z * elementary::sigmoid(z);
  }
  return z;
}

// d · act'(·), given what the forward pass saved: y = act(z), or z for SiLU.
template <class V>
inline V mask(Activation activation, V d, V saved) {
  using T = typename V::value_type;
  const V one(T(1));
  switch (activation) {
    case Activation::relu:
      return select(less(V(T(0)), saved), d, V(T(0)));
    case Activation::tanh:
      return d * fma(V(T(0)) - saved, saved, one);  // 1 − y²
    case Activation::elu:
      return select(less(V(T(0)), saved), d, d * (saved + one));  // e^z = y + 1
    case Activation::silu: {
      const V s = elementary::sigmoid(saved);
      return d * (s * fma(saved, one - s, one));  // s·(1 + z·(1 − s))
    }
  }
  return d;
}

}  // namespace softac

// elementary.h's exp and log of plain numbers.
#pragma once

#include "base/elementary.h"

namespace softac {

template <class T>
T exp_of(T x) {
  return elementary::exp(elementary::Scalar<T>(x)).v;
}
template <class T>
T log_of(T x) {
  return elementary::log(elementary::Scalar<T>(x)).v;
}

// cos 2πx, 0 ≤ x ≤ 1.
template <class T>
T cos_of_turn(T x) {
  elementary::Scalar<T> sine, cosine;
  elementary::sincos_turn(elementary::Scalar<T>(x), sine, cosine);
  return cosine.v;
}

}  // namespace softac

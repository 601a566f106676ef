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

}  // namespace softac

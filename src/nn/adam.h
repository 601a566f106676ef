// Adam's step size and corrections for step t (arXiv 1412.6980), computed in double and rounded once.
#pragma once

#include <cmath>
#include <cstdint>

#include "math/kernel_table.h"
#include "nn/params.h"

namespace softac {

struct AdamSettings {
  double learning_rate, beta1, beta2, eps;
};

// base^exponent by repeated squaring: the same bits everywhere, unlike a library's pow.
inline double integer_power(double base, std::int64_t exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) result *= base;
  }
  return result;
}

// p ← p − (lr / (1 − β1^t)) · m / (√v / √(1 − β2^t) + ε); target: null, or the vector that E12 moves by tau.
// t: 1 for the first step.
template <class T>
Adam<T> adam_step(const AdamSettings& s, Params<T>& params, std::int64_t t, T* target, double tau) {
  return {params.value,
          params.grad,
          params.m,
          params.v,
          target,
          T(1),
          static_cast<T>(s.beta1),
          static_cast<T>(1.0 - s.beta1),
          static_cast<T>(s.beta2),
          static_cast<T>(1.0 - s.beta2),
          static_cast<T>(s.learning_rate / (1.0 - integer_power(s.beta1, t))),
          static_cast<T>(1.0 / std::sqrt(1.0 - integer_power(s.beta2, t))),
          static_cast<T>(s.eps),
          static_cast<T>(tau),
          static_cast<T>(1.0 - tau)};
}

}  // namespace softac

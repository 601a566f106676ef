// What the classic control tasks share.
#pragma once

#include <cmath>

namespace softac {

// Gymnasium computes in double and stores observations and their bounds as float32.
inline double round_to_float(double x) {
  return static_cast<double>(static_cast<float>(x));
}

// The C library's pow, which NumPy's x**2 and Python's math.pow call; the compiler would turn pow(x, 2) into x·x.
inline double square(double x) {
  volatile double two = 2.0;
  return std::pow(x, two);
}

}  // namespace softac

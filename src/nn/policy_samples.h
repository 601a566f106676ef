// Samples of a policy of K components for up to a fixed number of rows R; K = 1 is the single Gaussian. Sample (r, k)
// lies at row k·R + r of the row-lane arrays: row i at [i·width, …), width = 16·⌈A/16⌉, unused lanes zero.
#pragma once

#include <cstddef>

#include "softac/panels.h"

namespace softac {

template <class T>
struct PolicySamples {
  Panels<T> head;  // (R, 2A); K > 1: (R, K·(2A + 1))
  T* eps;          // (K·R, A) standard normals, written by the caller before the forward pass
  T* action;       // row-lane: a = tanh(u), or u for the plain Gaussian
  T* u;            // row-lane
  T* sigma;        // row-lane
  T* log_pi;       // (R); K > 1: Σ_k w_k log π(a_k|s)
  int width;
  int rows;        // R
  int components;  // K
  T* part_log_pi;  // (K·R) log π(a_k|s) of sample (r, k); K = 1: log_pi
  T* weight;       // (K·R) w_k(s); K = 1: null
  int at(int r, int k) const { return k * rows + r; }
  T* action_row(int r, int k = 0) const { return action + static_cast<std::ptrdiff_t>(at(r, k)) * width; }
};

}  // namespace softac

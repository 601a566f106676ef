// Weighted actions: what a policy puts into sums over its actions. In each of up to R states there are K actions a_k
// with weights w_k and log π(a_k|s), so that E_π[f(a)] is Σ_k w_k f(a_k): for one Gaussian K = 1 and w = 1, for a
// mixture one action of each component, for discrete actions all of them with w = π(a|s).
//
// The pair (row r, action k) lies at k·R + r. Row-lane arrays hold pair i at [i·width, …), width = 16·⌈A/16⌉, unused
// lanes zero; discrete actions need none of them.
#pragma once

#include <cstddef>

#include "softac/panels.h"

namespace softac {

template <class T>
struct WeightedActions {
  Panels<T> head = {};       // (R, columns): the network's outputs
  int rows = 0;              // R
  int num_actions = 1;       // K
  T* log_pi = nullptr;       // (K·R) log π(a_k|s)
  T* weight = nullptr;       // (K·R) w_k(s)
  T* mean_log_pi = nullptr;  // (R) Σ_k w_k log π(a_k|s): minus the entropy
  T* eps = nullptr;          // (K·R, A) standard normals, written by the caller before the forward pass
  T* sheared_eps = nullptr;  // (R, A) correlated noise; only of a Gaussian with full covariance
  T* action = nullptr;       // row-lane: a = tanh(u), or u for the plain Gaussian
  T* u = nullptr;            // row-lane
  T* sigma = nullptr;        // row-lane
  int width = 0;

  int at(int r, int k) const { return k * rows + r; }
  T* action_row(int r, int k = 0) const { return action + static_cast<std::ptrdiff_t>(at(r, k)) * width; }
};

}  // namespace softac

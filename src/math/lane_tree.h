// The tree that ends every 16-lane reduction, and reductions over short vectors of the batch.
#pragma once

#include "softac/panels.h"

namespace softac {

// ((lanes 0–7) + (lanes 8–15)), then 4 + 4, 2 + 2, 1 + 1.
template <class T>
T lane_tree(T (&lanes)[kLanes]) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  }
  return lanes[0];
}

// Σ x(i) over i = 0 … n−1: lanes, then the tree.
template <class T>
T lane_sum(const T* x, int n) {
  T lanes[kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i % kLanes] = lanes[i % kLanes] + x[i];
  return lane_tree(lanes);
}

}  // namespace softac

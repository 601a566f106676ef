// Activations and masks of rows that are in memory already. Included by kernels.h.
#pragma once

#include "math/activation.h"
#include "math/kernel_table.h"

namespace softac {
namespace {

// `count` rows of `panels` panels of y through the activation.
void activate_rows(Activation activation, float* y, Stride stride, int panels, int count) {
  for (int p = 0; p < panels; ++p) {
    for (int i = 0; i < count; ++i) {
      float* at = y + p * stride + i * 16;
      activate(activation, Lanes::load(at)).store(at);
    }
  }
}

// The same rows of d times act' of rows r … of `saved`.
void mask_rows(Activation activation, float* d, Stride stride, const float* saved, Stride saved_stride,
               const int* saved_rows, int r, int panels, int count) {
  for (int p = 0; p < panels; ++p) {
    for (int i = 0; i < count; ++i) {
      float* at = d + p * stride + i * 16;
      const int row = saved_rows ? saved_rows[r + i] : r + i;
      mask(activation, Lanes::load(at), Lanes::load(saved + p * saved_stride + Stride{row} * 16)).store(at);
    }
  }
}

}  // namespace
}  // namespace softac

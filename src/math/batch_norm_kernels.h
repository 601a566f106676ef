// Batch norm over the type Lanes of the including file (KernelTable, ColumnMoments): the lanes are columns, so that
// each sum is one chain over the rows whatever the vector's width. Included by kernels.h.
#pragma once

#include "math/norm_kernels.h"

namespace softac {
namespace {

// Panels p … p + NP − 1, whose chains hide each other's latency.
template <int NP>
inline void column_moments_of(const ColumnMoments<float>& g, int p) {
  const Lanes rows(static_cast<float>(g.rows));
  const float* x = g.x + p * g.x_stride;
  Lanes sum[NP], mean[NP];
  for (int j = 0; j < NP; ++j) sum[j] = Lanes::zero();
  for (int r = 0; r < g.rows; ++r) {
    _Pragma("GCC unroll 4") for (int j = 0; j < NP; ++j) sum[j] =
        sum[j] + Lanes::load(x + j * g.x_stride + Stride{r} * 16);
  }
  for (int j = 0; j < NP; ++j) mean[j] = sum[j] / rows, sum[j] = Lanes::zero();
  for (int r = 0; r < g.rows; ++r) {
    _Pragma("GCC unroll 4") for (int j = 0; j < NP; ++j) {
      const Lanes off = Lanes::load(x + j * g.x_stride + Stride{r} * 16) - mean[j];
      sum[j] = fma(off, off, sum[j]);
    }
  }
  for (int j = 0; j < NP; ++j) {
    const int used = g.cols - (p + j) * 16;
    mean[j].first(used < 16 ? used : 16).store(g.mean + Stride{p + j} * 16);
    (sum[j] / rows).first(used < 16 ? used : 16).store(g.variance + Stride{p + j} * 16);
  }
}

void column_moments(const ColumnMoments<float>& g, int first, int last) {
  int p = first;
  for (; p + 4 <= last; p += 4) column_moments_of<4>(g, p);
  for (; p < last; ++p) column_moments_of<1>(g, p);
}

void batch_norm_forward(const BatchNormForward<float>& g, int first, int last) {
  const int panels = (g.cols + 15) / 16;
  const float *gamma = g.w, *beta = g.w + Stride{panels} * 16;
  const bool relu = g.activate && g.activation == Activation::relu;
  const Lanes least(relu ? 0.0f : -__builtin_inff());
  for_columns(
      g.cols, [&](int p, auto used) __attribute__((always_inline)) {
        const Stride at = Stride{p} * 16;
        const Lanes mean = Lanes::load(g.mean + at), inv_std = Lanes::load(g.inv_std + at);
        const Lanes scale = Lanes::load(g.scale + at), shift = Lanes::load(g.shift + at);
        const Lanes weight = Lanes::load(gamma + at), bias = Lanes::load(beta + at);
        for (int r = first; r < last; ++r) {
          const Lanes x = Lanes::load(g.x + p * g.x_stride + Stride{r} * 16);
          const Lanes x_hat = used((x - mean) * inv_std);
          const Lanes z = used(fma(weight, fma(x_hat, scale, shift), bias));
          const Stride to = p * g.y_stride + Stride{r} * 16;
          x_hat.store(g.x_hat + to);
          if (g.z) z.store(g.z + to);
          max_(least, z).store(g.y + to);
        }
      });
  if (g.activate && !relu) activate_rows(g.activation, g.y + Stride{first} * 16, g.y_stride, panels, last - first);
}

void batch_norm_backward_input(const BatchNormBackwardInput<float>& g, int first, int last) {
  const bool relu = g.saved && g.activation == Activation::relu;
  for_columns(
      g.cols, [&](int p, auto used) __attribute__((always_inline)) {
        const Stride at = Stride{p} * 16;
        const Lanes factor = Lanes::load(g.w + at) * Lanes::load(g.scale + at), inv_std = Lanes::load(g.inv_std + at);
        const Lanes grad_mean = Lanes::load(g.grad_mean + at), slope = Lanes::load(g.slope + at);
        for (int r = first; r < last; ++r) {
          const Stride row = Stride{g.tape_rows ? g.tape_rows[r] : r} * 16;
          const Lanes off = Lanes::load(g.d_z + p * g.d_z_stride + Stride{r} * 16) * factor - grad_mean;
          Lanes out = fma(Lanes::load(g.x_hat + p * g.x_hat_stride + row), slope, off) * inv_std;
          if (relu) out = mask(Activation::relu, out, Lanes::load(g.saved + p * g.saved_stride + row));
          used(out).store(g.d_x + p * g.d_x_stride + Stride{r} * 16);
        }
      });
  if (g.saved && !relu)
    mask_rows(g.activation, g.d_x + Stride{first} * 16, g.d_x_stride, g.saved, g.saved_stride, g.tape_rows, first,
              (g.cols + 15) / 16, last - first);
}

}  // namespace
}  // namespace softac

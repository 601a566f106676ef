// Layer and RMS norm over the type Lanes of the including file (KernelTable, LayerNormForward). Blocks of 16 rows go
// through each step together, so that the divisions and roots of their means are done in one Lanes. Included by
// kernels.h.
#pragma once

#include "math/activation_rows.h"
#include "math/kernel_table.h"

namespace softac {
namespace {

#define SOFTAC_INLINE inline __attribute__((always_inline))

// f.template operator()<R>(i) for rows i … i + R − 1 of `count`, then operator()<1> for those left over.
template <int R, class F>
SOFTAC_INLINE void for_row_groups(int count, F f) {
  int i = 0;
  for (; i + R <= count; i += R) f.template operator()<R>(i);
  for (; i < count; ++i) f.template operator()<1>(i);
}

// f(panel, used) for every panel of `cols` columns; used(v): v with zeros in the panel's unused columns.
template <class F>
SOFTAC_INLINE void for_columns(int cols, F f) {
  const int full = cols / 16, left = cols % 16;
  for (int p = 0; p < full; ++p)
    f(
        p, [](Lanes v) __attribute__((always_inline)) { return v; });
  if (left > 0)
    f(
        full, [left](Lanes v) __attribute__((always_inline)) { return v.first(left); });
}

void layer_norm_forward(const LayerNormForward<float>& g, int first, int last) {
  const Lanes d(static_cast<float>(g.cols));
  const int panels = (g.cols + 15) / 16;
  const float *gamma = g.w, *beta = g.w + Stride{panels} * 16;
  const bool relu = g.activate && g.activation == Activation::relu;
  const Lanes least(relu ? 0.0f : -__builtin_inff());
  for (int r = first; r < last; r += 16) {
    const int count = last - r < 16 ? last - r : 16;
    const float* x = g.x + Stride{r} * 16;
    alignas(64) float sums[16] = {}, squares[16] = {}, mean[16], inv_std[16];
    for_row_groups<4>(
        count, [&]<int R>(int i) __attribute__((always_inline)) {
          Lanes sum[R];
          _Pragma("GCC unroll 4") for (int k = 0; k < R; ++k) sum[k] = Lanes::zero();
          for_columns(
              g.cols, [&](int p, auto used) __attribute__((always_inline)) {
                const float* at = x + p * g.x_stride + i * 16;
                _Pragma("GCC unroll 4") for (int k = 0; k < R; ++k) sum[k] = sum[k] + used(Lanes::load(at + k * 16));
              });
          _Pragma("GCC unroll 4") for (int k = 0; k < R; ++k) sums[i + k] = sum[k].tree();
        });
    (g.centred ? Lanes::load(sums) / d : Lanes::zero()).store(mean);
    for_row_groups<4>(
        count, [&]<int R>(int i) __attribute__((always_inline)) {
          Lanes sum[R];
          _Pragma("GCC unroll 4") for (int k = 0; k < R; ++k) sum[k] = Lanes::zero();
          for_columns(
              g.cols, [&](int p, auto used) __attribute__((always_inline)) {
                const float* at = x + p * g.x_stride + i * 16;
                _Pragma("GCC unroll 4") for (int k = 0; k < R; ++k) {
                  const Lanes off = used(Lanes::load(at + k * 16) - Lanes(mean[i + k]));
                  sum[k] = fma(off, off, sum[k]);
                }
              });
          _Pragma("GCC unroll 4") for (int k = 0; k < R; ++k) squares[i + k] = sum[k].tree();
        });
    (Lanes(1.0f) / sqrt_(Lanes::load(squares) / d + Lanes(g.eps))).store(inv_std);
    for (int i = 0; i < count; ++i) g.inv_std[r + i] = inv_std[i];
    for_columns(
        g.cols, [&](int p, auto used) __attribute__((always_inline)) {
          const Lanes scale = Lanes::load(gamma + Stride{p} * 16), shift = Lanes::load(beta + Stride{p} * 16);
          const Stride to = p * g.y_stride + Stride{r} * 16;
          for (int i = 0; i < count; ++i) {
            const Lanes off = Lanes::load(x + p * g.x_stride + i * 16) - Lanes(mean[i]);
            const Lanes x_hat = used(off * Lanes(inv_std[i]));
            const Lanes z = used(fma(scale, x_hat, shift));
            x_hat.store(g.x_hat + to + i * 16);
            if (g.z) z.store(g.z + to + i * 16);
            max_(least, z).store(g.y + to + i * 16);
          }
        });
    if (g.activate && !relu) activate_rows(g.activation, g.y + Stride{r} * 16, g.y_stride, panels, count);
  }
}

void layer_norm_backward_input(const LayerNormBackwardInput<float>& g, int first, int last) {
  const Lanes d(static_cast<float>(g.cols));
  const int panels = (g.cols + 15) / 16;
  const bool relu = g.saved && g.activation == Activation::relu;
  for (int r = first; r < last; r += 16) {
    const int count = last - r < 16 ? last - r : 16;
    const float* d_z = g.d_z + Stride{r} * 16;
    Stride row[16];  // of the tape, in elements
    for (int i = 0; i < count; ++i) row[i] = Stride{g.tape_rows ? g.tape_rows[r + i] : r + i} * 16;
    alignas(64) float sums[16] = {}, products[16] = {}, mean[16], slope[16];
    for_row_groups<2>(
        count, [&]<int R>(int i) __attribute__((always_inline)) {
          Lanes sum[R], product[R];
          _Pragma("GCC unroll 2") for (int k = 0; k < R; ++k) sum[k] = product[k] = Lanes::zero();
          for_columns(
              g.cols, [&](int p, auto used) __attribute__((always_inline)) {
                const Lanes gamma = Lanes::load(g.w + Stride{p} * 16);
                _Pragma("GCC unroll 2") for (int k = 0; k < R; ++k) {
                  const Lanes grad = used(Lanes::load(d_z + p * g.d_z_stride + (i + k) * 16) * gamma);
                  sum[k] = sum[k] + grad;
                  product[k] = fma(grad, used(Lanes::load(g.x_hat + p * g.x_hat_stride + row[i + k])), product[k]);
                }
              });
          _Pragma("GCC unroll 2") for (int k = 0; k < R; ++k) {
            sums[i + k] = sum[k].tree();
            products[i + k] = product[k].tree();
          }
        });
    (g.centred ? Lanes::load(sums) / d : Lanes::zero()).store(mean);
    (Lanes::zero() - Lanes::load(products) / d).store(slope);
    for_columns(
        g.cols, [&](int p, auto used) __attribute__((always_inline)) {
          const Lanes gamma = Lanes::load(g.w + Stride{p} * 16);
          float* d_x = g.d_x + p * g.d_x_stride + Stride{r} * 16;
          for (int i = 0; i < count; ++i) {
            const Lanes off = Lanes::load(d_z + p * g.d_z_stride + i * 16) * gamma - Lanes(mean[i]);
            const Lanes x_hat = Lanes::load(g.x_hat + p * g.x_hat_stride + row[i]);
            Lanes out = fma(x_hat, Lanes(slope[i]), off) * Lanes(g.inv_std[row[i] / 16]);
            if (relu) out = mask(Activation::relu, out, Lanes::load(g.saved + p * g.saved_stride + row[i]));
            used(out).store(d_x + i * 16);
          }
        });
    if (g.saved && !relu)
      mask_rows(g.activation, g.d_x + Stride{r} * 16, g.d_x_stride, g.saved, g.saved_stride, g.tape_rows, r, panels,
                count);
  }
}

template <int NP>
SOFTAC_INLINE void layer_norm_weight_panels(const LayerNormBackwardWeights<float>& g, int p) {
  Lanes gamma[NP], beta[NP];
  for (int j = 0; j < NP; ++j) gamma[j] = beta[j] = Lanes::zero();
  const float *d_z = g.d_z + p * g.d_z_stride, *x_hat = g.x_hat + p * g.x_hat_stride;
  for (int r = 0; r < g.rows; ++r) {
    _Pragma("GCC unroll 2") for (int j = 0; j < NP; ++j) {
      const Lanes grad = Lanes::load(d_z + j * g.d_z_stride + Stride{r} * 16);
      gamma[j] = fma(grad, Lanes::load(x_hat + j * g.x_hat_stride + Stride{r} * 16), gamma[j]);
      beta[j] = beta[j] + grad;
    }
  }
  for (int j = 0; j < NP; ++j) {
    gamma[j].store(g.d_w + Stride{p + j} * 16);
    beta[j].store(g.d_w + Stride{g.panels + p + j} * 16);
  }
}

void layer_norm_backward_weights(const LayerNormBackwardWeights<float>& g, int first, int last) {
  int p = first;
  for (; p + 2 <= last; p += 2) layer_norm_weight_panels<2>(g, p);
  for (; p < last; ++p) layer_norm_weight_panels<1>(g, p);
}

#undef SOFTAC_INLINE

}  // namespace
}  // namespace softac

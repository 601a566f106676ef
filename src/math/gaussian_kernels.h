// The policy's distribution over the type Lanes of the including file, from the head's panels to row-lane samples and
// back. Up to 8 action components several rows share the sixteen lanes, kGroup = 1, 2, 4 or 8 lanes each: lanes do not
// mix, and a row's sum of log π keeps the order of the tree, whose upper half holds zeros there.
#pragma once

#include <cstring>

#include "math/gaussian_lanes.h"
#include "math/kernel_table.h"

namespace softac {
namespace {

constexpr int kMaxHeadPanels = 64;  // A ≤ 512 per call of a kernel; the backend refuses more

// `rows` rows of kGroup values, `stride` apart; zeros in the lanes of missing rows and components.
template <int kGroup>
inline Lanes load_rows(const float* first, Stride stride, int rows, Lanes::Mask used) {
  alignas(64) float lanes[16] = {};
  for (int k = 0; k < rows; ++k) std::memcpy(lanes + k * kGroup, first + k * stride, kGroup * sizeof(float));
  return select(used, Lanes::load(lanes), Lanes::zero());
}

// The lanes that carry one of act_dim components.
template <int kGroup>
inline Lanes::Mask used_lanes(int act_dim) {
  alignas(64) float component[16];
  for (int i = 0; i < 16; ++i) component[i] = static_cast<float>(i % kGroup);
  return less(Lanes::load(component), Lanes(static_cast<float>(act_dim)));
}

// Row-lane rows of sixteen from shared lanes.
template <int kGroup>
inline void store_rows(Lanes values, float* first, int rows) {
  alignas(64) float lanes[32] = {};
  values.store(lanes);
  for (int k = 0; k < rows; ++k) Lanes::load(lanes + k * kGroup).first(kGroup).store(first + k * 16);
}

template <int kGroup>
inline void gaussian_forward_shared(const GaussianForward<float>& g, int first, int last) {
  constexpr int kRows = 16 / kGroup;
  const GaussianConstants<Lanes> constants(g.shape);
  const int act_dim = g.shape.act_dim;
  const Lanes::Mask used = used_lanes<kGroup>(act_dim);
  for (int r = first; r < last; r += kRows) {
    const int rows = last - r < kRows ? last - r : kRows;
    const float* head = g.head + Stride{r} * 16;
    const Lanes mu = load_rows<kGroup>(head, 16, rows, used), raw = load_rows<kGroup>(head + act_dim, 16, rows, used);
    const Lanes eps = load_rows<kGroup>(g.eps + Stride{r} * act_dim, act_dim, rows, used);
    const auto out = gaussian_sample(constants, mu, raw, eps);
    const Lanes zero = Lanes::zero();
    store_rows<kGroup>(select(used, out.action, zero), g.action + Stride{r} * 16, rows);
    store_rows<kGroup>(select(used, out.u, zero), g.u + Stride{r} * 16, rows);
    store_rows<kGroup>(select(used, out.sigma, zero), g.sigma + Stride{r} * 16, rows);
    alignas(64) float log_pi[16];
    (zero + select(used, out.log_pi, zero)).store(log_pi);
    for (int k = 0; k < rows; ++k) {
      float* lane = log_pi + k * kGroup;
      for (int half = kGroup / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) lane[i] = lane[i] + lane[i + half];
      }
      g.log_pi[r + k] = lane[0];
    }
  }
}

template <int kGroup>
inline void gaussian_backward_shared(const GaussianBackward<float>& g, int first, int last) {
  constexpr int kRows = 16 / kGroup;
  const GaussianConstants<Lanes> constants(g.shape);
  const int act_dim = g.shape.act_dim;
  const Lanes::Mask used = used_lanes<kGroup>(act_dim);
  for (int r = first; r < last; r += kRows) {
    const int rows = last - r < kRows ? last - r : kRows;
    const Stride row = Stride{r} * 16;
    const Lanes raw = load_rows<kGroup>(g.head + row + act_dim, 16, rows, used);
    const Lanes eps = load_rows<kGroup>(g.eps + Stride{r} * act_dim, act_dim, rows, used);
    const auto out = gaussian_gradient(constants, raw, eps, load_rows<kGroup>(g.u + row, 16, rows, used),
                                       load_rows<kGroup>(g.sigma + row, 16, rows, used),
                                       load_rows<kGroup>(g.d_action + row, 16, rows, used), Lanes(g.d_log_pi));
    alignas(64) float d_mu[16], d_raw[16];
    out.d_mu.store(d_mu);
    out.d_raw.store(d_raw);
    for (int k = 0; k < rows; ++k) {
      float* d_head = g.d_head + row + k * 16;
      Lanes::zero().store(d_head);
      for (int i = 0; i < act_dim; ++i) {
        d_head[i] = d_mu[k * kGroup + i];
        d_head[act_dim + i] = d_raw[k * kGroup + i];
      }
    }
  }
}

inline void gaussian_forward_wide(const GaussianForward<float>& g, int first, int last) {
  const GaussianConstants<Lanes> constants(g.shape);
  const int act_dim = g.shape.act_dim;
  alignas(64) float head[(kMaxHeadPanels + 1) * 16];
  for (int r = first; r < last; ++r) {
    for (int p = 0; p < g.shape.head_panels; ++p)
      Lanes::load(g.head + p * g.head_stride + Stride{r} * 16).store(head + p * 16);
    Lanes log_pi = Lanes::zero();
    const Stride row = Stride{r} * g.shape.act_panels * 16;
    for (int p = 0; p < g.shape.act_panels; ++p) {
      const int count = act_dim - p * 16 < 16 ? act_dim - p * 16 : 16;
      const Lanes mu = Lanes::load(head + p * 16).first(count), raw = Lanes::load(head + act_dim + p * 16).first(count);
      const Lanes eps = Lanes::load(g.eps + Stride{r} * act_dim + p * 16).first(count);
      const auto out = gaussian_sample(constants, mu, raw, eps);
      out.action.first(count).store(g.action + row + p * 16);
      out.u.first(count).store(g.u + row + p * 16);
      out.sigma.first(count).store(g.sigma + row + p * 16);
      log_pi = log_pi + out.log_pi.first(count);
    }
    g.log_pi[r] = log_pi.tree();
  }
}

inline void gaussian_backward_wide(const GaussianBackward<float>& g, int first, int last) {
  const GaussianConstants<Lanes> constants(g.shape);
  const int act_dim = g.shape.act_dim;
  alignas(64) float head[(kMaxHeadPanels + 1) * 16];
  alignas(64) float d_head[(kMaxHeadPanels + 1) * 16];
  for (int r = first; r < last; ++r) {
    for (int p = 0; p < g.shape.head_panels; ++p)
      Lanes::load(g.head + p * g.head_stride + Stride{r} * 16).store(head + p * 16);
    Lanes::zero().store(d_head + (g.shape.head_panels - 1) * 16);
    const Stride row = Stride{r} * g.shape.act_panels * 16;
    // d_raw first: a d_mu block may run into the columns of d_raw only past its own count, so it is written by parts.
    for (int p = 0; p < g.shape.act_panels; ++p) {
      const int count = act_dim - p * 16 < 16 ? act_dim - p * 16 : 16;
      const Lanes raw = Lanes::load(head + act_dim + p * 16).first(count);
      const Lanes eps = Lanes::load(g.eps + Stride{r} * act_dim + p * 16).first(count);
      const auto out =
          gaussian_gradient(constants, raw, eps, Lanes::load(g.u + row + p * 16), Lanes::load(g.sigma + row + p * 16),
                            Lanes::load(g.d_action + row + p * 16), Lanes(g.d_log_pi));
      alignas(64) float d_mu[16], d_raw[16];
      out.d_mu.store(d_mu);
      out.d_raw.store(d_raw);
      for (int i = 0; i < count; ++i) {
        d_head[p * 16 + i] = d_mu[i];
        d_head[act_dim + p * 16 + i] = d_raw[i];
      }
    }
    for (int p = 0; p < g.shape.head_panels; ++p)
      Lanes::load(d_head + p * 16).store(g.d_head + p * g.d_head_stride + Stride{r} * 16);
  }
}

inline void gaussian_forward(const GaussianForward<float>& g, int first, int last) {
  const int act_dim = g.shape.act_dim;
  if (act_dim == 1) return gaussian_forward_shared<1>(g, first, last);
  if (act_dim == 2) return gaussian_forward_shared<2>(g, first, last);
  if (act_dim <= 4) return gaussian_forward_shared<4>(g, first, last);
  if (act_dim <= 8) return gaussian_forward_shared<8>(g, first, last);
  gaussian_forward_wide(g, first, last);
}

inline void gaussian_backward(const GaussianBackward<float>& g, int first, int last) {
  const int act_dim = g.shape.act_dim;
  if (act_dim == 1) return gaussian_backward_shared<1>(g, first, last);
  if (act_dim == 2) return gaussian_backward_shared<2>(g, first, last);
  if (act_dim <= 4) return gaussian_backward_shared<4>(g, first, last);
  if (act_dim <= 8) return gaussian_backward_shared<8>(g, first, last);
  gaussian_backward_wide(g, first, last);
}

}  // namespace
}  // namespace softac

// Softmax and a mean under it over the type Lanes of the including file (KernelTable, SoftmaxMean). Included by
// kernels.h.
#pragma once

#include "base/elementary.h"
#include "math/kernel_table.h"

namespace softac {
namespace {

void softmax_mean(const SoftmaxMean<float>& g, int first, int last) {
  const int full = g.cols / 16, left = g.cols % 16, panels = full + (left > 0 ? 1 : 0);
  alignas(64) float places[16];
  for (int i = 0; i < 16; ++i) places[i] = static_cast<float>(i);
  const auto used = less(Lanes::load(places), Lanes(static_cast<float>(left)));
  for (int r = first; r < last; ++r) {
    const float* x = g.x + Stride{r} * 16;
    float* p = g.p + Stride{r} * panels * 16;
    Lanes most(-__builtin_inff());
    for (int i = 0; i < full; ++i) most = max_(most, Lanes::load(x + i * g.x_stride));
    if (left > 0) most = max_(most, select(used, Lanes::load(x + full * g.x_stride), Lanes(-__builtin_inff())));
    alignas(64) float tops[16];
    most.store(tops);
    float top = tops[0];
    for (int i = 1; i < 16; ++i) top = top < tops[i] ? tops[i] : top;
    Lanes sums = Lanes::zero(), moments = Lanes::zero();
    for (int i = 0; i < panels; ++i) {
      Lanes e = elementary::exp(Lanes::load(x + i * g.x_stride) - Lanes(top));
      if (i == full) e = e.first(left);
      e.store(p + i * 16);
      sums = sums + e;
      moments = fma(e, Lanes::load(g.z + i * 16), moments);
    }
    const float sum = sums.tree();
    for (int i = 0; i < panels; ++i) (Lanes::load(p + i * 16) / Lanes(sum)).store(p + i * 16);
    g.mean[r] = moments.tree() / sum;
    alignas(64) float logs[16];
    elementary::log(Lanes(sum)).store(logs);
    g.log_sum[r] = top + logs[0];
  }
}

}  // namespace
}  // namespace softac

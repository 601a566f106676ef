// What batch norms know of the columns of a batch beside their parameters, flat, with the slots of
// ParamLayout::statistics().
#pragma once

#include <cmath>
#include <cstdint>

#include "math/arena.h"
#include "nn/params.h"

namespace softac {

// What the rows of a pass are normalised with (BatchNormForward of math/kernel_table.h), and what goes back through it.
template <class T>
struct Columns {
  Columns(Arena& arena, std::int64_t size)
      : mean(arena.take<T>(size)),
        inv_std(arena.take<T>(size)),
        scale(arena.take<T>(size)),
        shift(arena.take<T>(size)),
        grad_mean(arena.take<T>(size)),
        slope(arena.take<T>(size)) {}
  T *mean, *inv_std;
  T *scale, *shift;      // r and d of a batch renorm, else 1 and 0
  T *grad_mean, *slope;  // of the last backward pass; 0 in evaluation mode
};

// A network's parameters, and the columns that its batch norms normalise with: which they are makes a pass one of
// training or of evaluation. Without batch norms the parameters alone.
template <class T>
struct NetworkValues {
  NetworkValues(const T* all_params, const Columns<T>* all_columns = nullptr)
      : params(all_params), columns(all_columns) {}
  const T* params;
  const Columns<T>* columns;
};

// Averages of the batches' statistics over training passes, which evaluation mode normalises with. Training state, no
// parameters: no optimiser steps them, no target follows them.
template <class T>
struct RunningStatistics {
  RunningStatistics(Arena& arena, const ParamLayout& layout, double norm_eps)
      : size(layout.statistics_size()),
        mean(arena.take<T>(size)),
        variance(arena.take<T>(size)),
        evaluation(arena, size),
        eps(static_cast<T>(norm_eps)) {
    for (const StatisticsSlot& slot : layout.statistics()) {
      for (int c = 0; c < slot.out; ++c) variance[slot.offset + c] = evaluation.scale[slot.offset + c] = T(1);
      refresh(slot.offset, slot.out);
    }
  }
  // Derives `evaluation` of `count` columns.
  void refresh(std::int64_t first, int count) {
    for (std::int64_t c = first; c < first + count; ++c) {
      evaluation.mean[c] = mean[c];
      evaluation.inv_std[c] = T(1) / std::sqrt(variance[c] + eps);
    }
  }

  std::int64_t size;
  T *mean, *variance;
  double passes = 0.0;  // training passes that they have seen
  Columns<T> evaluation;
  T eps;
};

}  // namespace softac

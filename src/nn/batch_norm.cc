#include "nn/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "math/activation.h"

namespace softac {
namespace {

constexpr int kColumnTaskPanels = 4;  // of a task of columns

template <class T>
T clip(T x, T low, T high) {
  return x < low ? low : x > high ? high : x;
}

}  // namespace

template <class T>
BatchNorm<T>::BatchNorm(Slot slot, StatisticsSlot statistics, const BatchNormRule& rule,
                        std::optional<Activation> activation)
    : JoiningBlock<T>(std::move(slot)), statistics_(std::move(statistics)), rule_(rule), activation_(activation) {}

template <class T>
BlockTape<T> BatchNorm<T>::make_tape(Arena& arena, int rows) const {
  BlockTape<T> tape;
  tape.y = arena.panels<T>(rows, this->out());
  if (activation_ && needs_input(*activation_)) tape.z = arena.panels<T>(rows, this->out());
  tape.normalised = arena.panels<T>(rows, this->out());
  return tape;
}

template <class T>
void BatchNorm<T>::init(T* params, Rng&) const {
  std::fill_n(params + this->slot().offset, this->out(), T(1));
}

template <class T>
Gate<T> BatchNorm<T>::gate(const BlockTape<T>& tape) const {
  if (!activation_) return {};
  return {needs_input(*activation_) ? tape.z : tape.y, *activation_};
}

template <class T>
void BatchNorm<T>::forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool,
                           const BlockTape<T>& tape, int at) const {
  const auto y = tape.y.rows_from(at, x.rows);
  const Columns<T>& columns = *values.columns;
  k.batch_norm_forward({.x = x.data,
                        .x_stride = x.panel_stride,
                        .w = values.params + this->slot().offset,
                        .cols = this->out(),
                        .mean = columns.mean + statistics_.offset,
                        .inv_std = columns.inv_std + statistics_.offset,
                        .scale = columns.scale + statistics_.offset,
                        .shift = columns.shift + statistics_.offset,
                        .x_hat = tape.normalised.rows_from(at, x.rows).data,
                        .y = y.data,
                        .y_stride = y.panel_stride,
                        .z = tape.z.data ? tape.z.rows_from(at, x.rows).data : nullptr,
                        .activate = activation_.has_value(),
                        .activation = activation_.value_or(Activation::relu)},
                       0, x.rows);
}

template <class T>
void BatchNorm<T>::backward(const KernelTable<T>& k, NetworkValues<T> values, const Panels<T>&,
                            const BlockTape<T>& tape, TapeRows rows, Panels<const T> d, const Gate<T>& below,
                            Panels<T> d_x) const {
  const Columns<T>& columns = *values.columns;
  k.batch_norm_backward_input({.d_z = d.data,
                               .d_z_stride = d.panel_stride,
                               .w = values.params + this->slot().offset,
                               .cols = this->out(),
                               .inv_std = columns.inv_std + statistics_.offset,
                               .scale = columns.scale + statistics_.offset,
                               .grad_mean = columns.grad_mean + statistics_.offset,
                               .slope = columns.slope + statistics_.offset,
                               .x_hat = tape.normalised.rows_from(rows.first, d.rows).data,
                               .x_hat_stride = tape.normalised.panel_stride,
                               .tape_rows = rows.order,
                               .saved = below.saved.data ? below.saved.rows_from(rows.first, d.rows).data : nullptr,
                               .saved_stride = below.saved.panel_stride,
                               .activation = below.activation,
                               .d_x = d_x.data,
                               .d_x_stride = d_x.panel_stride},
                              0, d.rows);
}

template <class T>
int BatchNorm<T>::num_column_tasks() const {
  return (num_panels(this->out()) + kColumnTaskPanels - 1) / kColumnTaskPanels;
}

// r and d compare with the running statistics as they were before this batch.
template <class T>
void BatchNorm<T>::forward_columns(const KernelTable<T>& k, Panels<const T> x, RunningStatistics<T>* running,
                                   bool learns, const Columns<T>& columns, int task) const {
  const int first_panel = task * kColumnTaskPanels,
            last_panel = std::min(first_panel + kColumnTaskPanels, num_panels(this->out()));
  const std::int64_t base = statistics_.offset;
  k.column_moments({.x = x.data,
                    .x_stride = x.panel_stride,
                    .rows = x.rows,
                    .cols = this->out(),
                    .mean = columns.mean + base,
                    .variance = columns.inv_std + base},
                   first_panel, last_panel);
  const bool renorm = rule_.renorm && running && running->passes >= static_cast<double>(rule_.warmup_passes);
  const T eps = static_cast<T>(rule_.eps), keep = static_cast<T>(rule_.momentum), take = T(1) - keep;
  const T rows = static_cast<T>(x.rows), correction = rule_.unbiased ? rows / (rows - T(1)) : T(1);
  const int first = first_panel * kLanes, last = std::min(last_panel * kLanes, this->out());
  for (int c = first; c < last; ++c) {
    const std::int64_t i = base + c;
    const T mean = columns.mean[i], v = columns.inv_std[i], s = std::sqrt(v + eps);
    columns.inv_std[i] = T(1) / s;
    columns.scale[i] = T(1);
    columns.shift[i] = T(0);
    if (renorm) {
      const T s_run = std::sqrt(running->variance[i] + eps);
      columns.scale[i] = clip(s / s_run, T(1) / T(3), T(3));
      columns.shift[i] = clip((mean - running->mean[i]) / s_run, T(-5), T(5));
    }
    if (!learns) continue;
    running->mean[i] = keep * running->mean[i] + take * mean;
    running->variance[i] = keep * running->variance[i] + take * (v * correction);
  }
  if (learns) running->refresh(base + first, last - first);
}

// With the sums over rows d_β = Σ d and D = Σ d x̂: mean g = γ r d_β/n, mean g x̂ = γ r D/n, d_γ = r D + d d_β.
template <class T>
void BatchNorm<T>::backward_columns(const KernelTable<T>& k, const T* params, const BlockTape<T>& tape,
                                    Panels<const T> d, const Columns<T>& columns, T* d_params, int task) const {
  const int panels = num_panels(this->out()), first_panel = task * kColumnTaskPanels,
            last_panel = std::min(first_panel + kColumnTaskPanels, panels);
  T* d_gamma = d_params + this->slot().offset;
  T* d_beta = d_gamma + std::ptrdiff_t{panels} * kLanes;
  const T* gamma = params + this->slot().offset;
  k.layer_norm_backward_weights({.d_z = d.data,
                                 .d_z_stride = d.panel_stride,
                                 .x_hat = tape.normalised.data,
                                 .x_hat_stride = tape.normalised.panel_stride,
                                 .rows = d.rows,
                                 .panels = panels,
                                 .d_w = d_gamma},
                                first_panel, last_panel);
  const T rows = static_cast<T>(d.rows);
  const int last = std::min(last_panel * kLanes, this->out());
  for (int c = first_panel * kLanes; c < last; ++c) {
    const std::int64_t i = statistics_.offset + c;
    const T factor = gamma[c] * columns.scale[i];
    columns.grad_mean[i] = factor * d_beta[c] / rows;
    columns.slope[i] = T(0) - factor * d_gamma[c] / rows;
    d_gamma[c] = std::fma(columns.scale[i], d_gamma[c], columns.shift[i] * d_beta[c]);
  }
}

template <class T>
std::int64_t BatchNorm<T>::cost_per_row() const {
  return std::int64_t{8} * this->out();
}

// In evaluation mode, whose r and d are 1 and 0: (x − mean)·inv_std, then γ and β.
template <class T>
int BatchNorm<T>::describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool) const {
  const Slot& slot = this->slot();
  const T* params = values.params + slot.offset;
  NormaliseStep step;
  for (int c = 0; c < slot.out; ++c) {
    step.shift.push_back(static_cast<float>(values.columns->mean[statistics_.offset + c]));
    step.scale.push_back(static_cast<float>(values.columns->inv_std[statistics_.offset + c]));
    step.gamma.push_back(static_cast<float>(params[slot.weight_index(c, 0)]));
    step.beta.push_back(static_cast<float>(params[slot.bias_index(c)]));
  }
  const int z = graph.add(std::move(step), {x}, slot.name);
  return activation_ ? graph.add(ActivateStep{*activation_}, {z}) : z;
}

template class BatchNorm<float>;
template class BatchNorm<double>;

}  // namespace softac

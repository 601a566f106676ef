// Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167) and batch renormalisation (Ioffe, arXiv 1702.03275), then
// an activation or none, over the n rows of a batch:
//
//   y = act(γ ⊙ (x̂ ⊙ r + d) + β),   x̂ = (x − μ)/s,   s = √(v + ε)
//
// μ and v are the columns' mean and biased variance. Batch norm: r = 1, d = 0. Batch renorm after its warm-up:
// r = clip(s/s_run, 1/3, 3), d = clip((μ − m)/s_run, −5, 5), constants for the gradient. In evaluation mode μ and v are
// the running ones, r = 1, d = 0.
#pragma once

#include <optional>

#include "nn/block.h"

namespace softac {

struct BatchNormRule {
  double eps = 1e-5;
  double momentum = 0.99;          // of the running statistics: m ← κm + (1 − κ)μ
  bool unbiased = false;           // the variance that goes into them is v·n/(n − 1)
  bool renorm = false;             // batch renorm
  std::int64_t warmup_passes = 0;  // of a batch renorm: training passes in which it is a batch norm
};

template <class T>
class BatchNorm final : public JoiningBlock<T> {
 public:
  BatchNorm(Slot slot, StatisticsSlot statistics, const BatchNormRule& rule, std::optional<Activation> activation);

  BlockTape<T> make_tape(Arena& arena, int rows) const override;
  Panels<T> make_transpose(Arena&, int) const override { return {}; }
  void transpose(const KernelTable<T>&, const T*, int, const Panels<T>&) const override {}
  void init(T* params, Rng& rng) const override;  // γ = 1, β = 0
  bool leaves_zeros() const override { return activation_ == Activation::relu; }
  Gate<T> gate(const BlockTape<T>& tape) const override;
  void forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool skip_zeros,
               const BlockTape<T>& tape, int at) const override;
  void backward(const KernelTable<T>& k, NetworkValues<T> values, const Panels<T>& transposed, const BlockTape<T>& tape,
                TapeRows rows, Panels<const T> d, const Gate<T>& below, Panels<T> d_x) const override;
  int num_column_tasks() const override;
  void forward_columns(const KernelTable<T>& k, Panels<const T> x, RunningStatistics<T>* running, bool learns,
                       const Columns<T>& columns, int task) const override;
  void backward_columns(const KernelTable<T>& k, const T* params, const BlockTape<T>& tape, Panels<const T> d,
                        const Columns<T>& columns, T* d_params, int task) const override;
  int num_weight_tasks() const override { return 0; }  // backward_columns finds the gradients
  void weight_task(const KernelTable<T>&, Panels<const T>, const BlockTape<T>&, Panels<const T>, T*,
                   int) const override {}
  std::int64_t cost_per_row() const override;
  int describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool skip_zeros) const override;

  // The derivative of column c's output by its input in evaluation mode.
  T slope(NetworkValues<T> values, int c) const {
    return values.params[this->slot().offset + c] * values.columns->inv_std[statistics_.offset + c];
  }

 private:
  StatisticsSlot statistics_;
  BatchNormRule rule_;
  std::optional<Activation> activation_;
};

extern template class BatchNorm<float>;
extern template class BatchNorm<double>;

}  // namespace softac

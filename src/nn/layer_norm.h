// Layer normalisation (Ba et al., arXiv 1607.06450): y = act(γ ⊙ (x − mean)/√(variance + ε) + β), mean and (biased)
// variance over the features of a row; or without an activation. RMS normalisation (Zhang and Sennrich, arXiv
// 1910.07467) is the same without the mean and without β: y = act(γ ⊙ x/√(mean of x² + ε)); its slot has no biases.
#pragma once

#include <optional>

#include "nn/block.h"

namespace softac {

template <class T>
class LayerNorm final : public Block<T> {
 public:
  // centred: false for RMS normalisation.
  LayerNorm(Slot slot, double eps, std::optional<Activation> activation, bool centred = true);

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
  int num_weight_tasks() const override;
  void weight_task(const KernelTable<T>& k, Panels<const T> x, const BlockTape<T>& tape, Panels<const T> d, T* d_params,
                   int task) const override;
  std::int64_t cost_per_row() const override;
  int describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool skip_zeros) const override;

 private:
  T eps_;
  std::optional<Activation> activation_;
  bool centred_;
};

extern template class LayerNorm<float>;
extern template class LayerNorm<double>;

}  // namespace softac

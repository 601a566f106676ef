// y = act(x W + b), or without an activation: the matrix product of a network.
#pragma once

#include <optional>

#include "nn/block.h"

namespace softac {

template <class T>
class Dense final : public Block<T> {
 public:
  Dense(Slot slot, std::optional<Activation> activation, WeightInit init = WeightInit::torch);

  BlockTape<T> make_tape(Arena& arena, int rows) const override;
  Panels<T> make_transpose(Arena& arena, int columns) const override;
  void transpose(const KernelTable<T>& k, const T* params, int first_column, const Panels<T>& out) const override;
  void init(T* params, Rng& rng) const override;
  bool leaves_zeros() const override { return activation_ == Activation::relu; }
  Gate<T> gate(const BlockTape<T>& tape) const override;
  void forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool skip_zeros,
               const BlockTape<T>& tape, int at) const override;
  void backward(const KernelTable<T>& k, NetworkValues<T> values, const Panels<T>& transposed, const BlockTape<T>& tape,
                TapeRows rows, Panels<const T> d, const Gate<T>& below, Panels<T> d_x) const override;
  int num_weight_tasks() const override { return weight_split_.tasks; }
  void weight_task(const KernelTable<T>& k, Panels<const T> x, const BlockTape<T>& tape, Panels<const T> d, T* d_params,
                   int task) const override;
  std::int64_t cost_per_row() const override;
  int describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool skip_zeros) const override;

 private:
  // How the weight gradient is divided.
  struct WeightSplit {
    bool skip_zeros;
    int pieces, pieces_per_task, tasks;
  };
  static WeightSplit split(const Slot& slot, bool zeros);

  std::optional<Activation> activation_;
  WeightInit init_;
  WeightSplit weight_split_;
};

// Outputs [first, first + count) of a product alone, without an activation, as a step under that name. skip_zeros: x
// holds many.
template <class T>
int describe_product(PolicyGraph& graph, const Slot& slot, const T* params, int first, int count, int x,
                     bool skip_zeros, const std::string& name);

extern template class Dense<float>;
extern template class Dense<double>;

}  // namespace softac

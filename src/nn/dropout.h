// Dropout (Srivastava et al., JMLR 2014; of critics: Hiraoka et al., arXiv 2110.02034): y = act(x ⊙ mask), the mask 0
// with probability p and 1/(1 − p) else, independently in every element. A tape without masks leaves x as it is, as
// acting and diagnosing do. It has no parameters.
//
// The masks of a row come from a generator of its own, so that no division of the work into rows changes them.
#pragma once

#include <optional>
#include <string>

#include "nn/block.h"

namespace softac {

template <class T>
class Dropout final : public Block<T> {
 public:
  Dropout(const std::string& name, int width, double rate, std::optional<Activation> activation);

  BlockTape<T> make_tape(Arena& arena, int rows) const override;
  Panels<T> make_mask(Arena& arena, int rows) const override { return arena.panels<T>(rows, this->out()); }
  void draw_mask(const BlockTape<T>& tape, int at, int count, const DropoutPass& pass, int layer) const override;
  Panels<T> make_transpose(Arena&, int) const override { return {}; }
  void transpose(const KernelTable<T>&, const T*, int, const Panels<T>&) const override {}
  void init(T*, Rng&) const override {}
  bool leaves_zeros() const override { return activation_ == Activation::relu; }
  Gate<T> gate(const BlockTape<T>& tape) const override;
  void forward(const KernelTable<T>& k, NetworkValues<T> values, Panels<const T> x, bool skip_zeros,
               const BlockTape<T>& tape, int at) const override;
  // The product below is linear: there is no gate.
  void backward(const KernelTable<T>& k, NetworkValues<T> values, const Panels<T>& transposed, const BlockTape<T>& tape,
                TapeRows rows, Panels<const T> d, const Gate<T>& below, Panels<T> d_x) const override;
  int num_weight_tasks() const override { return 0; }
  void weight_task(const KernelTable<T>&, Panels<const T>, const BlockTape<T>&, Panels<const T>, T*,
                   int) const override {}
  std::int64_t cost_per_row() const override { return std::int64_t{4} * this->out(); }
  int describe(PolicyGraph& graph, NetworkValues<T> values, int x, bool skip_zeros) const override;

 private:
  double per_log_keep_;  // 1/log(1 − p)
  T scale_;              // 1/(1 − p)
  std::optional<Activation> activation_;
};

extern template class Dropout<float>;
extern template class Dropout<double>;

}  // namespace softac

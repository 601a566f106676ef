// Projection of parameters after an optimiser step (weight_norm; docs/math.md): the weights into one output have length
// 1, biases are free; with rows_and_norms a norm over d features has Σ(γ² + β²) = d. Outside the gradient; moments are
// not touched.
//
// The order of every sum: an output's squares one after the other over its inputs, in double; of a single output and of
// a norm 16 lanes, then the tree of math/lane_tree.h.
#pragma once

#include <vector>

#include "math/backend.h"
#include "nn/params.h"
#include "softac/choices.h"

namespace softac {

template <class T>
class Projection {
 public:
  Projection() = default;  // changes nothing
  Projection(WeightNorm rule, const ParamLayout& layout);

  bool empty() const { return tasks_.empty(); }
  void apply(T* params) const;
  // The same bits, divided among threads.
  void apply(Backend<T>& backend, T* params) const;

 private:
  struct Task {
    Slot slot;
    int first_panel, last_panel;  // of a matrix's outputs
  };
  static void run(const Task& task, T* params);

  std::vector<Task> tasks_;
  std::int64_t size_ = 0;
};

extern template class Projection<float>;
extern template class Projection<double>;

}  // namespace softac

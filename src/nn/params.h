// Parameters outside the layers: one flat vector each for values, gradients and moments, with named slots. Adam,
// Polyak, norms and files are one loop over it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "math/arena.h"
#include "math/kernel_table.h"

namespace softac {

// One layer's weights and biases inside the flat vector.
struct Slot {
  std::string name;
  int in = 0;
  int out = 0;
  bool head = false;  // one-column layer: 16·⌈in/16⌉ weights, then the bias; else panels (in + 1, out), bias last
  std::int64_t offset = 0;  // multiple of 16
  Stride stride() const { return (Stride{in} + 1) * kLanes; }
  std::int64_t size() const {
    return head ? (std::int64_t{num_panels(in)} + 1) * kLanes : std::int64_t{num_panels(out)} * stride();
  }
  // Where weight (o, i) and bias o lie, from the slot's start.
  std::int64_t weight_index(int o, int i) const {
    return head ? i : (o / kLanes) * stride() + Stride{i} * kLanes + o % kLanes;
  }
  std::int64_t bias_index(int o) const { return head ? num_panels(in) * kLanes : weight_index(o, in); }
};

class ParamLayout {
 public:
  // Appends a layer and returns its index.
  int add(std::string name, int in, int out, bool head) {
    Slot slot{std::move(name), in, out, head, size_};
    size_ += slot.size();
    slots_.push_back(std::move(slot));
    return static_cast<int>(slots_.size()) - 1;
  }
  const Slot& slot(int index) const { return slots_[static_cast<std::size_t>(index)]; }
  const std::vector<Slot>& slots() const { return slots_; }
  std::int64_t size() const { return size_; }

 private:
  std::vector<Slot> slots_;
  std::int64_t size_ = 0;
};

// Values with what training keeps beside them. Unused lanes hold zeros in all four and stay zero.
template <class T>
struct Params {
  Params(Arena& arena, std::int64_t count) : size(count) {
    const auto n = static_cast<std::size_t>(count);
    value = arena.take<T>(n);
    grad = arena.take<T>(n);
    m = arena.take<T>(n);
    v = arena.take<T>(n);
  }
  std::int64_t size;
  T* value;
  T* grad;
  T* m;  // Adam's first moment
  T* v;  // Adam's second moment
};

}  // namespace softac

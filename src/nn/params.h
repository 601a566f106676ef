// Parameters outside the blocks: one flat vector each for values, gradients and moments, with named slots. The
// optimiser, Polyak steps, norms and files are one loop over it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "math/arena.h"
#include "math/kernel_table.h"

namespace softac {

enum class SlotKind {
  matrix,  // panels (in + 1, out), the bias last
  column,  // one output: 16·⌈in/16⌉ weights, then the bias
  norm,    // a scale γ and a shift β for each feature: 16·⌈out/16⌉ values of γ, then as many of β; in = 1
};

// Weights and biases of one block inside the flat vector; of a norm γ and β.
struct Slot {
  std::string name;
  int in = 0;
  int out = 0;
  SlotKind kind = SlotKind::matrix;
  bool output = false;      // of the output layer
  std::int64_t offset = 0;  // multiple of 16
  bool has_bias = true;     // false: what stands in the place of biases (or β) is zero and stays zero

  Stride stride() const { return (Stride{in} + 1) * kLanes; }
  std::int64_t size() const {
    if (kind == SlotKind::column) return (std::int64_t{num_panels(in)} + 1) * kLanes;
    if (kind == SlotKind::norm) return std::int64_t{2} * num_panels(out) * kLanes;
    return std::int64_t{num_panels(out)} * stride();
  }
  // Where weight (o, i) and bias o lie, from the slot's start.
  std::int64_t weight_index(int o, int i) const {
    if (kind == SlotKind::column) return i;
    if (kind == SlotKind::norm) return o;
    return (o / kLanes) * stride() + Stride{i} * kLanes + o % kLanes;
  }
  std::int64_t bias_index(int o) const {
    if (kind == SlotKind::column) return num_panels(in) * kLanes;
    if (kind == SlotKind::norm) return num_panels(out) * kLanes + o;
    return weight_index(o, in);
  }
};

// The running mean and variance of one batch norm inside flat vectors of statistics.
struct StatisticsSlot {
  std::string name;
  int out = 0;
  std::int64_t offset = 0;  // multiple of 16
};

class ParamLayout {
 public:
  // Appends a slot and returns it with its offset.
  Slot add(Slot slot) {
    slot.offset = size_;
    size_ += slot.size();
    slots_.push_back(slot);
    return slot;
  }
  StatisticsSlot add_statistics(const std::string& name, int out) {
    statistics_.push_back({name, out, statistics_size_});
    statistics_size_ += std::int64_t{num_panels(out)} * kLanes;
    return statistics_.back();
  }
  const std::vector<Slot>& slots() const { return slots_; }
  std::int64_t size() const { return size_; }
  // Beside the parameters; none without batch norms.
  const std::vector<StatisticsSlot>& statistics() const { return statistics_; }
  std::int64_t statistics_size() const { return statistics_size_; }

 private:
  std::vector<Slot> slots_;
  std::int64_t size_ = 0;
  std::vector<StatisticsSlot> statistics_;
  std::int64_t statistics_size_ = 0;
};

// Values with what training keeps beside them. Unused lanes hold zeros in all four and stay zero.
template <class T>
struct Params {
  Params(Arena& arena, std::int64_t count) : size(count) {
    const std::size_t n = count;
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

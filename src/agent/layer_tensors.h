// Layers and scalars of flat parameter vectors as named tensors in row-major order.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "nn/params.h"
#include "softac/error.h"
#include "softac/tensor_ref.h"

namespace softac {

// Zeros what lies between a slot's values, which a learner that is no longer finite has filled as well.
template <class T>
void clear_unused_lanes(const Slot& slot, T* data) {
  std::vector<bool> used(slot.size());
  for (int o = 0; o < slot.out; ++o) {
    for (int i = 0; i < slot.in; ++i) used[slot.weight_index(o, i)] = true;
    used[slot.bias_index(o)] = slot.has_bias;
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) data[i] = T(0);
  }
}

// Outputs [first, first + count) of a layer as two tensors, weight (count, in) and bias (count), where it has any; of a
// norm γ (count) and β.
template <class T>
void add_layer(std::vector<TensorRef>& out, const std::string& name, const Slot& slot, T* base, int first, int count) {
  T* data = base + slot.offset;
  const bool norm = slot.kind == SlotKind::norm;
  const std::vector<std::int64_t> shape =
      norm ? std::vector<std::int64_t>{count} : std::vector<std::int64_t>{count, slot.in};
  TensorRef weight{name + ".weight", shape, nullptr, nullptr}, bias{name + ".bias", {count}, nullptr, nullptr};
  const auto each = [slot, data, first, count](auto f) {
    std::size_t at = 0;
    for (int o = first; o < first + count; ++o) {
      for (int i = 0; i < slot.in; ++i) f(at++, data[slot.weight_index(o, i)]);
    }
  };
  const auto weights = static_cast<std::size_t>(count) * static_cast<std::size_t>(slot.in);
  const std::size_t biases = count;
  weight.read = [each, weights](std::span<float> values) {
    SOFTAC_REQUIRE(values.size() == weights, values.size(), weights);
    each([&](std::size_t i, T& x) { values[i] = static_cast<float>(x); });
  };
  weight.write = [each, weights, slot, data](std::span<const float> values) {
    SOFTAC_REQUIRE(values.size() == weights, values.size(), weights);
    each([&](std::size_t i, T& x) { x = static_cast<T>(values[i]); });
    clear_unused_lanes(slot, data);
  };
  bias.read = [slot, data, first, count, biases](std::span<float> values) {
    SOFTAC_REQUIRE(values.size() == biases, values.size(), biases);
    for (int o = 0; o < count; ++o) values[o] = static_cast<float>(data[slot.bias_index(first + o)]);
  };
  bias.write = [slot, data, first, count, biases](std::span<const float> values) {
    SOFTAC_REQUIRE(values.size() == biases, values.size(), biases);
    for (int o = 0; o < count; ++o) data[slot.bias_index(first + o)] = static_cast<T>(values[o]);
  };
  out.push_back(std::move(weight));
  if (slot.has_bias) out.push_back(std::move(bias));
}

// One value, in the first of kLanes lanes.
template <class T>
void add_scalar(std::vector<TensorRef>& out, const std::string& name, T* value) {
  out.push_back({name,
                 {},
                 [value](std::span<float> values) {
                   SOFTAC_REQUIRE(values.size() == 1, values.size());
                   values[0] = static_cast<float>(*value);
                 },
                 [value](std::span<const float> values) {
                   SOFTAC_REQUIRE(values.size() == 1, values.size());
                   std::fill_n(value, kLanes, T(0));
                   *value = static_cast<T>(values[0]);
                 }});
}

// Values that are no parameters, in the learner's own precision.
template <class T, class F>
void add_vector(std::vector<TensorRef>& out, const std::string& name, std::span<T> values, F changed) {
  TensorRef tensor{name, {static_cast<std::int64_t>(values.size())}, nullptr, nullptr};
  tensor.read = [values](std::span<float> to) {
    SOFTAC_REQUIRE(to.size() == values.size(), to.size(), values.size());
    std::ranges::transform(values, to.begin(), [](T x) { return static_cast<float>(x); });
  };
  tensor.write = [values, changed](std::span<const float> from) {
    SOFTAC_REQUIRE(from.size() == values.size(), from.size(), values.size());
    std::ranges::transform(from, values.begin(), [](float x) { return static_cast<T>(x); });
    changed();
  };
  out.push_back(std::move(tensor));
}

// Running statistics, in double.
template <class F>
void add_statistics(std::vector<TensorRef>& out, const std::string& name, std::span<double> values, F changed) {
  TensorRef tensor{name, {static_cast<std::int64_t>(values.size())}, nullptr, nullptr};
  tensor.read_double = [values](std::span<double> to) {
    SOFTAC_REQUIRE(to.size() == values.size(), to.size(), values.size());
    std::ranges::copy(values, to.begin());
  };
  tensor.write_double = [values, changed](std::span<const double> from) {
    SOFTAC_REQUIRE(from.size() == values.size(), from.size(), values.size());
    std::ranges::copy(from, values.begin());
    changed();
  };
  out.push_back(std::move(tensor));
}

template <class T>
void add_slot(std::vector<TensorRef>& out, const std::string& prefix, const Slot& slot, T* base) {
  add_layer(out, prefix + slot.name, slot, base, 0, slot.out);
}

// All slots of a vector.
template <class T>
void add_layers(std::vector<TensorRef>& out, const std::string& prefix, const ParamLayout& layout, T* base) {
  for (const Slot& slot : layout.slots()) add_slot(out, prefix, slot, base);
}

}  // namespace softac

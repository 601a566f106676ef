// How a policy acts, as steps on vectors of one state: what exports are written from (export/). Networks, policies and
// objectives describe themselves by adding steps, so that a new one needs no exporter to know it.
//
// All steps are in float. Where a comment gives an order of operations, following it gives the learner's own bits
// (math/kernel_table.h, base/elementary.h).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "softac/choices.h"

namespace softac {

// x, y, z: the step's inputs in their order.
struct ObservationStep {
  int size = 0;
};
// What a drawn action needs beside the observation: standard normal numbers, then uniform ones in [0, 1), then standard
// Gumbel ones, −log(−log u) of uniform u.
struct NoiseStep {
  int normal = 0, uniform = 0, gumbel = 0;
  int size() const { return normal + uniform + gumbel; }
};
// (x − shift)·scale, then held within ±clip where that is above 0, then fma(gamma, ·, beta) where there are any.
struct NormaliseStep {
  std::vector<float> shift, scale;  // (size of x)
  float clip = 0.0f;
  std::vector<float> gamma = {}, beta = {};  // (size of x) or both empty
};
// W x + b. Output o: the chain fma(x_i, w_oi, ·) over i from b_o, without the terms of x_i = 0 where skip_zeros.
struct DenseStep {
  int in = 0, out = 0;
  std::vector<float> weight;  // (out, in)
  std::vector<float> bias;    // (out)
  bool skip_zeros = false;
};
// As LayerNormForward of math/kernel_table.h, without the activation.
struct LayerNormStep {
  std::vector<float> gamma, beta;
  float eps = 0.0f;
  bool centred = true;  // false: RMS normalisation
};
struct ActivateStep {
  Activation activation = Activation::relu;
};
struct ExpStep {};
struct ClampStep {
  float low = 0.0f, high = 0.0f;
};
// fma(half_range, tanh(x) + 1, low)
struct TanhMapStep {
  float low = 0.0f, half_range = 0.0f;
};
// fma(x, y, z)
struct MultiplyAddStep {};
struct AddStep {};
struct DivideStep {
  float by = 1.0f;
};
struct SliceStep {
  int first = 0, size = 0;
};
// (I + N) x, y: N, strictly lower triangular, row by row. Output i: the chain fma(N_ij, x_j, ·) over j from x_i.
struct ShearStep {};
// x − (m + log Σ exp(x − m)), m the largest; the sum in order.
struct LogSoftmaxStep {};
// The index of the largest, of equals the first.
struct ArgMaxStep {};
// An index drawn from the weights x by one uniform number y: the first whose sum up to it, in double, is above y; else
// the last.
struct DrawStep {};
// Part y, an index, of the equal parts of x.
struct PickStep {
  int size = 0;  // of a part
};
// Of all inputs, element by element; of equals the first.
struct SmallestStep {};
// Output a: the mean over all inputs of elements [a·group, (a + 1)·group); the sum in order, input by input.
struct GroupMeanStep {
  int group = 1;
};
// From [−1, 1] onto bounds, in double: low + (x + 1)/2·(high − low), a bound itself where x is at ±1 or beyond.
struct RescaleStep {
  std::vector<double> low, high;
};

using GraphStep =
    std::variant<ObservationStep, NoiseStep, NormaliseStep, DenseStep, LayerNormStep, ActivateStep, ExpStep, ClampStep,
                 TanhMapStep, MultiplyAddStep, AddStep, DivideStep, SliceStep, ShearStep, LogSoftmaxStep, ArgMaxStep,
                 DrawStep, PickStep, SmallestStep, GroupMeanStep, RescaleStep>;

struct GraphValue {
  std::string name;  // "actor.layers.0"; of a step without parameters ""
  GraphStep step;
  std::vector<int> inputs;  // values that were added before
  int size = 0;             // of the vector; 0: an index
  bool is_index() const { return size == 0; }
};

class PolicyGraph {
 public:
  // Returns the new value's number. Throws ContractError where the inputs do not fit the step.
  int add(GraphStep step, std::vector<int> inputs = {}, std::string name = "");

  const std::vector<GraphValue>& values() const { return values_; }
  const GraphValue& operator[](int value) const { return values_[value]; }
  // Which values those in `wanted` need, themselves included.
  std::vector<bool> needed(const std::vector<int>& wanted) const;

 private:
  std::vector<GraphValue> values_;
};

// A part of the policy that has no description: ConfigError that names it.
[[noreturn]] void throw_no_description(const std::string& part);

}  // namespace softac

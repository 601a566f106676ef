#include "nn/graph.h"

#include <type_traits>

#include "softac/error.h"

namespace softac {
namespace {

// The size of a step's result, from those of its inputs.
struct ResultSize {
  const std::vector<int>& in;

  int same(std::size_t inputs) const {
    SOFTAC_REQUIRE(in.size() == inputs && in[0] > 0, in.size(), inputs);
    for (const int size : in) SOFTAC_REQUIRE(size == in[0], size, in[0]);
    return in[0];
  }
  int start(int size) const {
    SOFTAC_REQUIRE(in.empty() && size > 0, in.size(), size);
    return size;
  }
  int each_of(std::size_t parameters) const {
    SOFTAC_REQUIRE(parameters == static_cast<std::size_t>(same(1)), parameters, in[0]);
    return in[0];
  }

  int operator()(const ObservationStep& step) const { return start(step.size); }
  int operator()(const NoiseStep& step) const { return start(step.size()); }
  int operator()(const NormaliseStep& step) const {
    SOFTAC_REQUIRE(step.shift.size() == step.scale.size(), step.shift.size());
    SOFTAC_REQUIRE(
        step.gamma.size() == step.beta.size() && (step.gamma.empty() || step.gamma.size() == step.shift.size()),
        step.gamma.size());
    return each_of(step.shift.size());
  }
  int operator()(const DenseStep& step) const {
    const std::size_t outputs = step.out, inputs = step.in;
    SOFTAC_REQUIRE(same(1) == step.in && step.bias.size() == outputs && step.weight.size() == inputs * outputs, in[0],
                   step.in);
    return step.out;
  }
  int operator()(const LayerNormStep& step) const {
    SOFTAC_REQUIRE(step.gamma.size() == step.beta.size(), step.gamma.size());
    return each_of(step.gamma.size());
  }
  int operator()(const MultiplyAddStep&) const { return same(3); }
  int operator()(const AddStep&) const { return same(2); }
  int operator()(const SliceStep& step) const {
    SOFTAC_REQUIRE(step.first >= 0 && step.size > 0 && step.first + step.size <= same(1), step.first, step.size);
    return step.size;
  }
  int operator()(const ShearStep&) const {
    SOFTAC_REQUIRE(in.size() == 2 && in[1] == in[0] * (in[0] - 1) / 2, in.size());
    return in[0];
  }
  int operator()(const ArgMaxStep&) const { return same(1) * 0; }
  int operator()(const DrawStep&) const {
    SOFTAC_REQUIRE(in.size() == 2 && in[0] > 0 && in[1] == 1, in.size());
    return 0;
  }
  int operator()(const PickStep& step) const {
    SOFTAC_REQUIRE(in.size() == 2 && step.size > 0 && in[0] % step.size == 0 && in[1] == 0, in.size(), step.size);
    return step.size;
  }
  int operator()(const SmallestStep&) const { return same(in.size()); }
  int operator()(const GroupMeanStep& step) const {
    SOFTAC_REQUIRE(step.group > 0 && same(in.size()) % step.group == 0, step.group);
    return in[0] / step.group;
  }
  int operator()(const RescaleStep& step) const {
    SOFTAC_REQUIRE(step.low.size() == step.high.size(), step.low.size());
    return each_of(step.low.size());
  }
  template <class Elementwise>
  int operator()(const Elementwise&) const {
    return same(1);
  }
};

}  // namespace

int PolicyGraph::add(GraphStep step, std::vector<int> inputs, std::string name) {
  std::vector<int> sizes;
  for (const int input : inputs) {
    SOFTAC_REQUIRE(input >= 0 && input < static_cast<int>(values_.size()), input);
    sizes.push_back(values_[input].size);
  }
  const int size = std::visit(ResultSize{sizes}, step);
  values_.push_back({std::move(name), std::move(step), std::move(inputs), size});
  return static_cast<int>(values_.size()) - 1;
}

std::vector<bool> PolicyGraph::needed(const std::vector<int>& wanted) const {
  std::vector<bool> out(values_.size());
  for (const int value : wanted) out[value] = true;
  for (std::size_t i = values_.size(); i-- > 0;) {
    for (const int input : values_[i].inputs) out[input] = out[input] || out[i];
  }
  return out;
}

void throw_no_description(const std::string& part) {
  throw ConfigError("this policy cannot be exported: " + part + " does not say how it acts");
}

}  // namespace softac

#include "export/onnx_steps.h"

#include <numeric>
#include <utility>

namespace softac {
namespace {

// One step: returns the name of its output, which is `name` where that is not empty. Vectors are (batch, size), indices
// (batch).
struct StepWriter {
  OnnxGraph& graph;
  const GraphValue& value;
  const std::vector<const GraphValue*>& inputs;
  const std::vector<std::string>& x;  // the inputs' names
  const std::string& name;            // of the output; "" = any

  std::string node(const char* type, const std::vector<std::string>& from,
                   const std::vector<OnnxAttribute>& attributes = {}) const {
    return graph.node(type, from, attributes);
  }
  std::string last(const char* type, const std::vector<std::string>& from,
                   const std::vector<OnnxAttribute>& attributes = {}) const {
    return graph.node(type, from, attributes, name);
  }
  std::string row(const std::vector<float>& values) const {
    return graph.constant(values, {1, static_cast<std::int64_t>(values.size())});
  }
  std::string axis(std::int64_t number) const { return graph.constant(std::vector<std::int64_t>{number}, {1}); }
  std::string clip(const std::string& from, float low, float high) const {
    return node("Clip", {from, graph.scalar(low), graph.scalar(high)});
  }

  std::string operator()(const ObservationStep&) const { return "observation"; }
  std::string operator()(const NoiseStep&) const { return "noise"; }
  std::string operator()(const NormaliseStep& step) const {
    const std::string off = node("Sub", {x[0], row(step.shift)});
    if (!step.gamma.empty()) {
      const std::string scaled = node("Mul", {off, row(step.scale)});
      const std::string held =
          step.clip > 0.0f ? node("Clip", {scaled, graph.scalar(-step.clip), graph.scalar(step.clip)}) : scaled;
      return last("Add", {node("Mul", {held, row(step.gamma)}), row(step.beta)});
    }
    if (step.clip <= 0.0f) return last("Mul", {off, row(step.scale)});
    return last("Clip", {node("Mul", {off, row(step.scale)}), graph.scalar(-step.clip), graph.scalar(step.clip)});
  }
  std::string operator()(const DenseStep& step) const {
    return last("Gemm",
                {x[0], graph.constant(step.weight, {step.out, step.in}, value.name + ".weight"),
                 graph.constant(step.bias, {step.out}, value.name + ".bias")},
                {{"transB", std::int64_t{1}}});
  }
  std::string operator()(const LayerNormStep& step) const {
    const std::vector<OnnxAttribute> over = {{"axes", std::vector<std::int64_t>{1}}};
    const std::string off = step.centred ? node("Sub", {x[0], node("ReduceMean", {x[0]}, over)}) : x[0];
    const std::string variance = node("ReduceMean", {node("Mul", {off, off})}, over);
    const std::string std_dev = node("Sqrt", {node("Add", {variance, graph.scalar(step.eps)})});
    const auto size = static_cast<std::int64_t>(step.gamma.size());
    const std::string gamma = graph.constant(step.gamma, {1, size}, value.name + ".weight");
    const std::string beta = graph.constant(step.beta, {1, size}, value.name + ".bias");
    return last("Add", {node("Mul", {node("Div", {off, std_dev}), gamma}), beta});
  }
  std::string operator()(const ActivateStep& step) const {
    switch (step.activation) {
      case Activation::relu:
        return last("Relu", x);
      case Activation::tanh:
        return last("Tanh", x);
      case Activation::elu:
        return last("Elu", x, {{"alpha", 1.0f}});
      case Activation::silu:
        return last("Mul", {x[0], node("Sigmoid", x)});
    }
    throw_no_description("an activation");
  }
  std::string operator()(const ExpStep&) const { return last("Exp", x); }
  std::string operator()(const ClampStep& step) const {
    return last("Clip", {x[0], graph.scalar(step.low), graph.scalar(step.high)});
  }
  std::string operator()(const TanhMapStep& step) const {
    const std::string part = node("Add", {node("Tanh", x), graph.scalar(1.0f)});
    return last("Add", {node("Mul", {part, graph.scalar(step.half_range)}), graph.scalar(step.low)});
  }
  std::string operator()(const MultiplyAddStep&) const { return last("Add", {node("Mul", {x[0], x[1]}), x[2]}); }
  std::string operator()(const AddStep&) const { return last("Add", x); }
  std::string operator()(const DivideStep& step) const { return last("Div", {x[0], graph.scalar(step.by)}); }
  std::string operator()(const SliceStep& step) const {
    return last("Slice", {x[0], axis(step.first), axis(step.first + step.size), axis(1)});
  }
  // N ε by columns: each product N_ij ε_j is gathered, and those of row i are summed by a matrix of zeros and ones.
  std::string operator()(const ShearStep&) const {
    const int size = value.size;
    const std::int64_t pairs = inputs[1]->size;
    std::vector<std::int64_t> column;
    std::vector<float> sum(static_cast<std::size_t>(pairs) * size);
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < i; ++j) {
        sum[column.size() * size + i] = 1.0f;
        column.push_back(j);
      }
    }
    const std::string other = node("Gather", {x[0], graph.constant(column, {pairs})}, {{"axis", std::int64_t{1}}});
    return last("Gemm", {node("Mul", {x[1], other}), graph.constant(sum, {pairs, size}), x[0]});
  }
  std::string operator()(const LogSoftmaxStep&) const { return last("LogSoftmax", x, {{"axis", std::int64_t{1}}}); }
  std::string operator()(const ArgMaxStep&) const {
    return last("ArgMax", x, {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}});
  }
  // The number of sums, but for the last, that the uniform number has reached.
  std::string operator()(const DrawStep&) const {
    const auto kind = [](OnnxType type) { return OnnxAttribute("to", static_cast<std::int64_t>(type)); };
    const std::string weights = node("Cast", {x[0]}, {kind(OnnxType::float64)});
    const std::string sums = node("CumSum", {weights, graph.constant(std::vector<std::int64_t>{1}, {})});
    const std::string most = node("Slice", {sums, axis(0), axis(inputs[0]->size - 1), axis(1)});
    const std::string reached = node("LessOrEqual", {most, node("Cast", {x[1]}, {kind(OnnxType::float64)})});
    return last("ReduceSum", {node("Cast", {reached}, {kind(OnnxType::int64)}), axis(1)},
                {{"keepdims", std::int64_t{0}}});
  }
  std::string operator()(const PickStep& step) const {
    const std::int64_t size = step.size, parts = inputs[0]->size / size;
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(parts));
    std::iota(numbers.begin(), numbers.end(), 0);
    const auto shape = [&](std::int64_t a, std::int64_t b) {
      return graph.constant(std::vector<std::int64_t>{0, a, b}, {3});  // 0: as it is
    };
    const std::string chosen = node("Equal", {node("Unsqueeze", {x[1], axis(1)}), graph.constant(numbers, {1, parts})});
    const std::string mask = node("Cast", {chosen}, {{"to", static_cast<std::int64_t>(OnnxType::float32)}});
    const std::string product =
        node("Mul", {node("Reshape", {x[0], shape(parts, size)}), node("Reshape", {mask, shape(parts, 1)})});
    return last("ReduceSum", {product, axis(1)}, {{"keepdims", std::int64_t{0}}});
  }
  std::string operator()(const SmallestStep&) const { return last("Min", x); }
  std::string operator()(const GroupMeanStep& step) const {
    std::vector<std::string> sums;
    const std::vector<std::int64_t> shape = {0, value.size, step.group};
    for (const std::string& from : x)
      sums.push_back(node("ReduceMean", {node("Reshape", {from, graph.constant(shape, {3})})},
                          {{"axes", std::vector<std::int64_t>{2}}, {"keepdims", std::int64_t{0}}}));
    return last("Mean", sums);
  }
  std::string operator()(const RescaleStep& step) const {
    std::vector<float> half, middle;
    for (std::size_t i = 0; i < step.low.size(); ++i) {
      half.push_back(static_cast<float>(0.5 * (step.high[i] - step.low[i])));
      middle.push_back(static_cast<float>(0.5 * (step.high[i] + step.low[i])));
    }
    return last("Add", {node("Mul", {clip(x[0], -1.0f, 1.0f), row(half)}), row(middle)});
  }
};

}  // namespace

void write_onnx_steps(const PolicyExport& policy, OnnxGraph& graph) {
  const auto& values = policy.graph.values();
  const std::vector<bool> needed = policy.graph.needed(policy.outputs());
  std::vector<std::string> names(values.size());
  graph.input("observation", policy.spec.obs_dim);
  if (policy.stochastic) graph.input("noise", policy.noise_size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!needed[i]) continue;
    std::vector<const GraphValue*> inputs;
    std::vector<std::string> x;
    for (const int input : values[i].inputs) {
      inputs.push_back(&values[input]);
      x.push_back(names[input]);
    }
    const int at = static_cast<int>(i);
    const std::string name = at == policy.action          ? "action"
                             : at == policy.logits        ? "logits"
                             : at == policy.probabilities ? "probabilities"
                                                          : "";
    names[i] = std::visit(StepWriter{graph, values[i], inputs, x, name}, values[i].step);
  }
  graph.output("action", policy.discrete() ? OnnxType::int64 : OnnxType::float32,
               policy.discrete() ? 0 : policy.spec.act_dim);
  for (const auto& [value, name] :
       {std::pair(policy.logits, "logits"), std::pair(policy.probabilities, "probabilities")})
    if (value >= 0) graph.output(name, OnnxType::float32, policy.spec.num_actions);
}

}  // namespace softac

#include "export/tensors.h"

#include <span>

#include "base/json.h"

namespace softac {
namespace {

Tensor floats(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  return Tensor::from(std::move(shape), std::span<const float>(values));
}
Tensor row(const std::vector<float>& values) {
  return floats(values, {static_cast<std::int64_t>(values.size())});
}

// A step's tensors and its entry in the list of steps.
struct TensorWriter {
  const GraphValue& value;
  std::map<std::string, Tensor>& tensors;
  Json& entry;

  void kind(const char* name) const { entry["kind"] = name; }
  void pair(const Tensor& weight, const Tensor& bias) const {
    tensors.emplace(value.name + ".weight", weight);
    tensors.emplace(value.name + ".bias", bias);
  }
  void number(const char* key, float x) const { entry[key] = Json(static_cast<double>(x)); }

  void operator()(const ObservationStep&) const { kind("observation"); }
  void operator()(const NoiseStep&) const { kind("noise"); }
  void operator()(const NormaliseStep& step) const {
    kind("normalise");
    number("clip", step.clip);
    tensors.emplace(value.name + ".shift", row(step.shift));
    tensors.emplace(value.name + ".scale", row(step.scale));
    if (!step.gamma.empty()) pair(row(step.gamma), row(step.beta));
  }
  void operator()(const DenseStep& step) const {
    kind("dense");
    pair(floats(step.weight, {step.out, step.in}), row(step.bias));
  }
  void operator()(const LayerNormStep& step) const {
    kind(step.centred ? "layer_norm" : "rms_norm");
    number("eps", step.eps);
    if (!step.centred) return void(tensors.emplace(value.name + ".weight", row(step.gamma)));
    pair(row(step.gamma), row(step.beta));
  }
  void operator()(const ActivateStep& step) const {
    switch (step.activation) {
      case Activation::relu:
        return kind("relu");
      case Activation::tanh:
        return kind("tanh");
      case Activation::elu:
        return kind("elu");
      case Activation::silu:
        return kind("silu");
    }
  }
  void operator()(const ExpStep&) const { kind("exp"); }
  void operator()(const ClampStep& step) const {
    kind("clamp");
    number("low", step.low);
    number("high", step.high);
  }
  void operator()(const TanhMapStep& step) const {
    kind("tanh_map");
    number("low", step.low);
    number("half_range", step.half_range);
  }
  void operator()(const MultiplyAddStep&) const { kind("multiply_add"); }
  void operator()(const AddStep&) const { kind("add"); }
  void operator()(const DivideStep& step) const {
    kind("divide");
    number("by", step.by);
  }
  void operator()(const SliceStep& step) const {
    kind("slice");
    entry["first"] = Json(step.first);
  }
  void operator()(const ShearStep&) const { kind("shear"); }
  void operator()(const LogSoftmaxStep&) const { kind("log_softmax"); }
  void operator()(const ArgMaxStep&) const { kind("argmax"); }
  void operator()(const DrawStep&) const { kind("draw"); }
  void operator()(const PickStep&) const { kind("pick"); }
  void operator()(const SmallestStep&) const { kind("smallest"); }
  void operator()(const GroupMeanStep& step) const {
    kind("group_mean");
    entry["group"] = Json(step.group);
  }
  void operator()(const RescaleStep&) const { kind("rescale"); }
};

// Adds the tensors of all steps that the outputs need; returns the steps.
std::string add_steps(const PolicyExport& policy, std::map<std::string, Tensor>& tensors) {
  const std::vector<bool> needed = policy.graph.needed(policy.outputs());
  auto steps = Json::array();
  std::vector<int> number(needed.size());
  int count = 0;
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    number[i] = count++;
    const GraphValue& value = policy.graph.values()[i];
    auto entry = Json::object();
    std::visit(TensorWriter{value, tensors, entry}, value.step);
    if (!value.name.empty()) entry["name"] = value.name;
    auto inputs = Json::array();
    for (const int input : value.inputs) inputs.push_back(Json(number[input]));
    entry["inputs"] = std::move(inputs);
    if (value.is_index())
      entry["index"] = true;
    else
      entry["size"] = Json(value.size);
    steps.push_back(std::move(entry));
  }
  return steps.dump();
}

void add_samples(const PolicyExport& policy, std::map<std::string, Tensor>& tensors) {
  std::vector<float> observation, noise, action, logits;
  std::vector<std::int64_t> index;
  for (const ExportSample& sample : policy.samples) {
    observation.insert(observation.end(), sample.observation.begin(), sample.observation.end());
    noise.insert(noise.end(), sample.noise.begin(), sample.noise.end());
    action.insert(action.end(), sample.action.begin(), sample.action.end());
    logits.insert(logits.end(), sample.logits.begin(), sample.logits.end());
    index.push_back(sample.index);
  }
  const auto count = static_cast<std::int64_t>(policy.samples.size());
  tensors.emplace("samples.observation", floats(observation, {count, policy.spec.obs_dim}));
  if (policy.stochastic) tensors.emplace("samples.noise", floats(noise, {count, policy.noise_size()}));
  if (policy.discrete()) {
    tensors.emplace("samples.action", Tensor::from({count}, std::span<const std::int64_t>(index)));
    tensors.emplace("samples.logits", floats(logits, {count, policy.spec.num_actions}));
  } else {
    tensors.emplace("samples.action", floats(action, {count, policy.spec.act_dim}));
  }
}

}  // namespace

TensorFile policy_tensors(const PolicyExport& policy) {
  TensorFile file;
  file.metadata["steps"] = add_steps(policy, file.tensors);
  for (const auto& [key, word] : export_words(policy)) {
    if (key != "samples") file.metadata[key] = word;
  }
  add_samples(policy, file.tensors);
  if (!policy.discrete()) {
    const std::vector<std::int64_t> shape = {policy.spec.act_dim};
    file.tensors.emplace("action_low", Tensor::from(shape, std::span<const double>(policy.spec.act_low)));
    file.tensors.emplace("action_high", Tensor::from(shape, std::span<const double>(policy.spec.act_high)));
  }
  return file;
}

NpzFile policy_arrays(const PolicyExport& policy) {
  TensorFile file = policy_tensors(policy);
  auto words = Json::object();
  for (const auto& [key, word] : file.metadata) words[key] = word;
  const std::string text = words.dump();
  const auto bytes = std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  file.tensors.emplace("metadata", Tensor::from({static_cast<std::int64_t>(bytes.size())}, bytes));
  return std::move(file.tensors);
}

}  // namespace softac

#include "export/description.h"

#include <cmath>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "softac/error.h"

namespace softac {
namespace {

bool finite(const std::vector<float>& values) {
  for (const float x : values) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

struct FiniteParameters {
  bool operator()(const DenseStep& step) const { return finite(step.weight) && finite(step.bias); }
  bool operator()(const LayerNormStep& step) const { return finite(step.gamma) && finite(step.beta); }
  bool operator()(const NormaliseStep& step) const {
    return finite(step.shift) && finite(step.scale) && finite(step.gamma) && finite(step.beta);
  }
  bool operator()(const DivideStep& step) const { return std::isfinite(step.by) && step.by != 0.0f; }
  template <class Step>
  bool operator()(const Step&) const {
    return true;
  }
};

void require_finite(const PolicyGraph& graph) {
  for (const GraphValue& value : graph.values()) {
    if (std::visit(FiniteParameters{}, value.step)) continue;
    throw NumericsError("the policy cannot be exported: " + (value.name.empty() ? "its temperature" : value.name) +
                        " is not finite");
  }
}

Json numbers(const std::vector<float>& values) {
  auto out = Json::array();
  for (const float x : values) out.push_back(Json(static_cast<double>(x)));
  return out;
}

std::string samples_json(const PolicyExport& policy) {
  auto out = Json::array();
  for (const ExportSample& sample : policy.samples) {
    Json item = {{"observation", numbers(sample.observation)}};
    if (policy.stochastic) item["noise"] = numbers(sample.noise);
    if (policy.discrete()) {
      item["action"] = Json(sample.index);
      item["logits"] = numbers(sample.logits);
    } else {
      item["action"] = numbers(sample.action);
    }
    out.push_back(std::move(item));
  }
  return out.dump();
}

}  // namespace

std::vector<double> PolicyExport::half_range() const {
  if (discrete()) return {1.0};
  std::vector<double> out;
  for (std::size_t i = 0; i < spec.act_low.size(); ++i) out.push_back(0.5 * (spec.act_high[i] - spec.act_low[i]));
  return out;
}

std::vector<int> PolicyExport::outputs() const {
  if (!discrete()) return {action};
  return {action, logits, probabilities};
}

std::string PolicyExport::noise_text() const {
  std::string out;
  const auto add = [&](int count, const char* one, const char* many) {
    if (count == 0) return;
    out += (out.empty() ? "" : ", then ") + (count == 1 ? std::string(one) : std::to_string(count) + many);
  };
  add(noise.normal, "a standard normal number", " standard normal numbers");
  add(noise.uniform, "a uniform number in [0, 1)", " uniform numbers in [0, 1)");
  add(noise.gumbel, "a standard Gumbel number, -log(-log u) of uniform u",
      " standard Gumbel numbers, -log(-log u) of uniform u");
  return out;
}

PolicyExport make_export(PolicyDescription description, const EnvSpec& spec, const ExportSource& source,
                         bool stochastic) {
  PolicyExport out;
  out.graph = std::move(description.graph);
  require_finite(out.graph);
  const ActingValues& values = description.values;
  out.kind = values.kind;
  out.source = source;
  out.spec = spec;
  out.stochastic = stochastic;
  const auto in_units = [&](int value) {
    return spec.num_actions > 0 ? value : out.graph.add(RescaleStep{spec.act_low, spec.act_high}, {value});
  };
  out.deterministic = in_units(values.action);
  out.action = stochastic ? in_units(values.drawn) : out.deterministic;
  if (spec.num_actions > 0) {
    out.logits = values.logits;
    out.probabilities = values.probabilities;
  }
  if (stochastic) {
    for (const GraphValue& value : out.graph.values()) {
      if (const auto* noise = std::get_if<NoiseStep>(&value.step)) out.noise = *noise;
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> export_words(const PolicyExport& policy) {
  const EnvSpec& spec = policy.spec;
  const ExportSource& source = policy.source;
  std::vector<std::pair<std::string, std::string>> words = {
      {"softac_version", source.version},
      {"environment", source.environment},
      {"step", std::to_string(source.step)},
      {"policy", policy.kind},
      {"stochastic", policy.stochastic ? "true" : "false"},
  };
  if (!source.state_hash.empty()) words.emplace_back("state_hash", source.state_hash);
  if (spec.dt > 0.0) words.emplace_back("dt", number_text(spec.dt));
  if (policy.stochastic) words.emplace_back("noise", policy.noise_text());
  if (policy.discrete()) {
    words.emplace_back("num_actions", std::to_string(spec.num_actions));
  } else {
    words.emplace_back("action_low", Json(spec.act_low).dump());
    words.emplace_back("action_high", Json(spec.act_high).dump());
  }
  const auto list = [&](const char* name, const std::vector<std::string>& values) {
    if (!values.empty()) words.emplace_back(name, Json(values).dump());
  };
  list("observation_names", spec.obs_names);
  list("observation_units", spec.obs_units);
  list("action_names", spec.act_names);
  list("action_units", spec.act_units);
  words.emplace_back("samples", samples_json(policy));
  return words;
}

}  // namespace softac

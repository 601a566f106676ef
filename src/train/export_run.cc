#include "train/export_run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/describe.h"
#include "base/atomic_file.h"
#include "base/discrete_action.h"
#include "base/fp_modes.h"
#include "config/make_envs.h"
#include "export/c_code.h"
#include "export/graph_run.h"
#include "export/onnx.h"
#include "export/tensors.h"
#include "run/build_info.h"
#include "softac/error.h"
#include "train/run_policy.h"
#include "train/saved_model.h"

namespace softac {
namespace {

constexpr int kStates = 1000;  // recorded
constexpr int kSamples = 16;   // of them that an export carries
constexpr std::uint64_t kSeed = 1000;
constexpr double kWide = 1e6;  // bounds that stand for none

// What the deterministic policy sees, one row after the other.
std::vector<std::vector<float>> record_states(VecEnv& env, SacAgent& agent) {
  std::vector<std::vector<float>> states;
  std::vector<float> action(env.spec().act_dim);
  std::vector<Rng> no_noise;
  env.reset();
  while (static_cast<int>(states.size()) < kStates) {
    states.emplace_back(env.obs().begin(), env.obs().end());
    if (!agent.act(states.back(), 1, true, no_noise, action))
      throw NumericsError("an action of the policy is not finite");
    env.step(action);
  }
  return states;
}

// Where there is no environment: between bounds as far as observations have them, else normally distributed.
std::vector<std::vector<float>> draw_states(const EnvSpec& spec) {
  Rng rng(kSeed, StreamKind::eval_env, 0);
  std::vector<std::vector<float>> states(kStates, std::vector<float>(spec.obs_dim));
  for (std::vector<float>& state : states) {
    for (std::size_t i = 0; i < state.size(); ++i) {
      const double low = spec.obs_low[i], high = spec.obs_high[i];
      const bool bounded = std::fabs(low) < kWide && std::fabs(high) < kWide;
      state[i] = static_cast<float>(bounded ? rng.uniform(low, high) : rng.normal());
    }
  }
  return states;
}

// A few of the states, from the first to the last.
void record_samples(PolicyExport& policy, const std::vector<std::vector<float>>& states) {
  GraphRun run(policy);
  Rng rng(kSeed, StreamKind::eval_env, 1u << 31);
  for (int s = 0; s < kSamples; ++s) {
    const std::size_t at = (states.size() - 1) * static_cast<std::size_t>(s) / (kSamples - 1);
    policy.samples.push_back(run.sample(states[at], draw_noise(policy.noise, rng)));
  }
}

// The graph is a second account of how the policy acts: it must agree with the first, to the last bit.
void check_description(const PolicyExport& policy, const std::vector<std::vector<float>>& states, SacAgent& agent) {
  GraphRun run(policy);
  const EnvSpec& spec = policy.spec;
  std::vector<float> action(spec.act_dim);
  std::vector<Rng> no_noise;
  for (const std::vector<float>& state : states) {
    agent.act(state, 1, true, no_noise, action);
    const ExportSample sample = run.sample(state, {});
    bool same = true;
    if (policy.discrete()) {
      same = sample.index == decode_discrete_action(static_cast<double>(action[0]), spec.num_actions);
    } else {
      for (std::size_t i = 0; i < action.size(); ++i) {
        const double low = spec.act_low[i], high = spec.act_high[i];
        const double value = rescale_action(static_cast<double>(action[i]), low, high);
        same = same && sample.action[i] == static_cast<float>(std::clamp(value, low, high));
      }
    }
    if (!same) throw ContractError("the description of the " + policy.kind + " policy is not how it acts");
  }
}

// The largest errors of weights of 16 bits, output by output.
std::vector<double> int16_errors(const PolicyExport& policy, const Int16Weights& weights,
                                 const std::vector<std::vector<float>>& states) {
  GraphRun exact(policy), rounded(policy, &weights);
  std::vector<double> errors(policy.discrete() ? policy.spec.num_actions : policy.spec.act_dim);
  Rng rng(kSeed, StreamKind::eval_env, (1u << 31) + 1);
  for (const std::vector<float>& state : states) {
    const std::vector<float> noise = draw_noise(policy.noise, rng);
    const ExportSample a = exact.sample(state, noise), b = rounded.sample(state, noise);
    const std::vector<float>&x = policy.discrete() ? a.logits : a.action, &y = policy.discrete() ? b.logits : b.action;
    for (std::size_t i = 0; i < errors.size(); ++i)
      errors[i] = std::max(errors[i], std::fabs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
  }
  return errors;
}

const char* extension(ExportFormat format) {
  switch (format) {
    case ExportFormat::onnx:
      return ".onnx";
    case ExportFormat::c:
      return ".c";
    case ExportFormat::safetensors:
      return ".safetensors";
    case ExportFormat::numpy:
      return ".npz";
  }
  return "";
}

// Neither takes its place before both are written: a header with another's source would be worse than none.
void write_pair(FileSystem& fs, const Path& first, std::string_view first_text, const Path& second,
                std::string_view second_text) {
  const Path beside = first.string() + ".new";
  write_file_atomic(fs, beside, first_text);
  try {
    write_file_atomic(fs, second, second_text);
  } catch (...) {
    fs.remove(beside);
    throw;
  }
  fs.rename(beside, first);
  fs.sync_directory(first.has_parent_path() ? first.parent_path() : ".");
}

void write_c(PolicyExport& policy, const std::vector<std::vector<float>>& states, const Path& path,
             const ExportRunOptions& options, ExportRunResult& result) {
  Path header = path;
  header.replace_extension(".h");
  std::string name = options.name;
  if (name.empty()) name = is_c_identifier(path.stem().string()) ? path.stem().string() : "policy";
  Int16Weights weights;
  std::vector<double> errors;
  if (options.int16) {
    weights = to_int16(policy.graph);
    errors = int16_errors(policy, weights, states);
    const std::vector<double> half = policy.half_range();
    for (std::size_t i = 0; i < errors.size(); ++i)
      result.int16_error = std::max(result.int16_error, errors[i] / half[policy.discrete() ? 0 : i]);
    GraphRun rounded(policy, &weights);  // what the self-test is to find
    for (ExportSample& sample : policy.samples) sample = rounded.sample(sample.observation, sample.noise);
  }
  const CFiles files = encode_c(policy, name, header.filename().string(), options.int16 ? &weights : nullptr, errors,
                                static_cast<int>(states.size()));
  write_pair(posix_file_system(), header, files.header, path, files.source);
  result.stack_bytes = files.stack_bytes;
  result.files = {path.string(), header.string()};
}

void write_export(PolicyExport& policy, const std::vector<std::vector<float>>& states, const Path& path,
                  const ExportRunOptions& options, ExportRunResult& result) {
  FileSystem& fs = posix_file_system();
  result.files = {path.string()};
  switch (options.format) {
    case ExportFormat::onnx:
      return write_file_atomic(fs, path, encode_onnx(policy));
    case ExportFormat::c:
      return write_c(policy, states, path, options, result);
    case ExportFormat::safetensors:
      return write_safetensors(fs, path, policy_tensors(policy));
    case ExportFormat::numpy:
      return write_npz(fs, path, policy_arrays(policy));
  }
}

// What is exported, whatever it was read from.
struct Subject {
  std::unique_ptr<SacAgent> agent;
  EnvSpec spec;
  ExportSource source;
  std::string model_path;
  std::vector<std::string> warnings;
  std::vector<std::vector<float>> states;
  Path output;  // where nothing else is asked for, without its extension
};

Subject of_run(const std::string& run_dir, const ExportRunOptions& options) {
  RunPolicy run = read_run_policy(run_dir, options.policy);
  const auto env = make_vec_env(run.config, 1, kSeed, StreamKind::eval_env, options.policy.on_env_hang);
  Subject out;
  out.spec = env->spec();
  out.agent = run.make_agent(out.spec, options.policy);
  out.source = {out.spec.id, run.model.step, run.model.state_hash, softac_version()};
  out.model_path = run.model.path.string();
  out.warnings = std::move(run.warnings);
  out.states = record_states(*env, *out.agent);
  out.output = Path(run_dir) / "export" / "policy";
  return out;
}

Subject of_saved_model(const std::string& path, const ExportRunOptions& options) {
  if (options.policy.model.kind != ModelChoice::Kind::newest || !options.policy.env_plugins.empty())
    throw ConfigError(path +
                      ": a saved model holds one policy and no environment; --best, --step and --env-plugin are "
                      "for run directories");
  if (options.int16)
    throw ConfigError(path +
                      ": a saved model has no environment on whose states the error of 16-bit weights could be "
                      "measured; export it with weights in float");
  SavedModel model = read_saved_model(posix_file_system(), path);
  Subject out;
  out.agent = std::move(model.agent);
  out.spec = std::move(model.spec);
  out.source = {out.spec.id, model.steps, "", softac_version()};
  out.model_path = path;
  out.states = draw_states(out.spec);
  out.output = Path(path).replace_extension();
  return out;
}

}  // namespace

ExportRunResult export_run(const std::string& run, const ExportRunOptions& options) {
  const StandardFpModes modes;
  const bool is_file = posix_file_system().kind(run) == FileKind::file;
  Subject subject = is_file ? of_saved_model(run, options) : of_run(run, options);
  const PolicyExport plain = make_export(subject.agent->describe(), subject.spec, subject.source, false);
  check_description(plain, subject.states, *subject.agent);
  PolicyExport policy =
      options.stochastic ? make_export(subject.agent->describe(), subject.spec, subject.source, true) : plain;
  record_samples(policy, subject.states);

  Path path = options.output;
  if (options.output.empty()) {
    path = subject.output.string() + extension(options.format);
    posix_file_system().make_directories(path.parent_path());
  }
  ExportRunResult result;
  write_export(policy, subject.states, path, options, result);
  result.env_id = subject.spec.id;
  result.model_path = subject.model_path;
  result.warnings = std::move(subject.warnings);
  result.policy = policy.kind;
  result.state_hash = subject.source.state_hash;
  result.step = subject.source.step;
  result.discrete = policy.discrete();
  result.states = static_cast<int>(subject.states.size());
  return result;
}

}  // namespace softac

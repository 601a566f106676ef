// softac export RUN: the policy of a run as a file that other programs run.
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/nearest_match.h"
#include "commands.h"
#include "exit_code.h"
#include "export/c_code.h"
#include "paths.h"
#include "policy_options.h"
#include "signals.h"
#include "softac/error.h"
#include "train/export_run.h"

namespace softac::app {
namespace {

struct ExportArguments : PolicyOptions {
  std::string format, output, weights, name;
  bool stochastic = false;
};

const std::map<std::string, ExportFormat>& formats() {
  static const std::map<std::string, ExportFormat> all = {{"onnx", ExportFormat::onnx},
                                                          {"c", ExportFormat::c},
                                                          {"safetensors", ExportFormat::safetensors},
                                                          {"numpy", ExportFormat::numpy}};
  return all;
}

ExportFormat format_of(const std::string& text) {
  const auto found = formats().find(text);
  if (found != formats().end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, format] : formats()) names.push_back(name);
  throw UsageError("--to " + text + ": must be onnx, c, safetensors or numpy" + did_you_mean(text, names));
}

ExportRunOptions options_of(const ExportArguments& arguments) {
  ExportRunOptions options;
  options.format = format_of(arguments.format);
  const bool c = options.format == ExportFormat::c;
  if (!arguments.weights.empty() && arguments.weights != "float" && arguments.weights != "int16")
    throw UsageError("--weights " + arguments.weights + ": must be float or int16");
  if (!c && !arguments.weights.empty()) throw UsageError("--weights needs --to c");
  if (!c && !arguments.name.empty()) throw UsageError("--name needs --to c");
  if (!arguments.name.empty() && !is_c_identifier(arguments.name))
    throw UsageError("--name " + arguments.name + ": must be an identifier in C of at most 63 letters, digits and _");
  if (c && !arguments.output.empty() && std::filesystem::path(arguments.output).extension() != ".c")
    throw UsageError("-o " + arguments.output + ": must end in .c; the header is written beside it");
  options.policy = arguments.evaluate_options();
  options.output = arguments.output;
  options.stochastic = arguments.stochastic;
  options.int16 = arguments.weights == "int16";
  options.name = arguments.name;
  return options;
}

int export_policy(Context& context, const ExportArguments& arguments) {
  const ExportRunOptions options = options_of(arguments);
  install_quick_stop(kGraceSec, 0.0);
  install_crash_handler();
  const ExportRunResult result = export_run(arguments.run, options);
  for (const std::string& warning : result.warnings) context.terminal.warning(warning);
  std::vector<std::string> files;
  for (const std::string& file : result.files) files.push_back(shown_path(file));
  if (context.json) {
    Json out = {{"files", files},
                {"format", arguments.format},
                {"env", result.env_id},
                {"step", result.step},
                {"policy", result.policy},
                {"model", shown_path(result.model_path)},
                {"state_hash", result.state_hash},
                {"stochastic", options.stochastic},
                {"states", result.states}};
    if (options.format == ExportFormat::c) out["stack_bytes"] = result.stack_bytes;
    if (options.int16) out["int16_error"] = result.int16_error;
    print_result(out.dump(2));
    return kOk;
  }
  std::string text;
  for (const std::string& file : files) text += (text.empty() ? "" : "\n") + file;
  print_result(text);
  context.terminal.info(result.env_id + " at step " + std::to_string(result.step) + ": " + result.policy + " policy");
  if (options.int16) {
    char line[160];
    std::snprintf(line, sizeof line, "weights of 16 bits: over %d recorded states the largest error is %.3g of %s",
                  result.states, result.int16_error, result.discrete ? "a logit" : "half an action's range");
    context.terminal.info(line);
  }
  return kOk;
}

}  // namespace

void add_export(Command root, Context& context) {
  auto arguments = std::make_shared<ExportArguments>();
  Command command = root.add_command("export", "Write the policy of a run as ONNX, C or tensors");
  add_policy_options(command, *arguments, "Run directory, or a model that the Python package saved");
  command.add_option("--to", arguments->format, "onnx, c, safetensors or numpy").required().value_name("FORMAT");
  command
      .add_option("-o,--output", arguments->output, "The file instead of RUN/export/policy.…, or one beside the model")
      .value_name("FILE");
  command.add_flag("--stochastic", arguments->stochastic, "Draw actions by an input noise");
  command.add_option("--weights", arguments->weights, "C: float (the default) or int16").value_name("KIND");
  command.add_option("--name", arguments->name, "C: the prefix of all names").value_name("IDENT");
  add_plugin_option(command, *arguments);
  add_json_option(command, context);
  command.on_parse([&context, arguments] {
    context.runs_environments = true;
    context.action = [&context, arguments] {
      arguments->run = absolute_path(arguments->run);
      arguments->output = absolute_path(arguments->output);
      return export_policy(context, *arguments);
    };
  });
}

}  // namespace softac::app

// softac env list | info ENV | check ENV
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/json.h"
#include "commands.h"
#include "config/resolve.h"
#include "env/check.h"
#include "exit_code.h"
#include "parse.h"
#include "paths.h"
#include "signals.h"
#include "softac/env.h"
#include "softac/error.h"

namespace softac::app {
namespace {

struct EnvArguments {
  std::string env_id;
  std::vector<std::string> plugins;
  std::vector<std::string> set;
  int steps = 2000;
  std::string max_time;
};

// JSON has no infinity: null stands for "no bound".
Json bounds_json(const std::vector<double>& bounds) {
  Json out = Json::array();
  for (const double bound : bounds) out.push_back(std::isfinite(bound) ? Json(bound) : Json(nullptr));
  return out;
}

Json value_json(const EnvValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

int list(Context& context, const EnvArguments& arguments) {
  for (const std::string& plugin : arguments.plugins) load_env_plugin(plugin);
  const std::vector<EnvInfo> infos = registered_envs();
  if (context.json) {
    Json out = Json::array();
    for (const EnvInfo& info : infos)
      out.push_back({{"id", info.id}, {"family", info.family}, {"description", info.description}});
    print_result(out.dump(2));
    return kOk;
  }
  std::size_t id_width = 0, family_width = 0;
  for (const EnvInfo& info : infos) {
    id_width = std::max(id_width, info.id.size());
    family_width = std::max(family_width, info.family.size());
  }
  std::string out;
  for (const EnvInfo& info : infos) {
    if (!out.empty()) out += '\n';
    out += info.id;
    if (context.terminal.quiet()) continue;  // names alone, for scripts
    out += std::string(id_width - info.id.size() + 2, ' ') + info.family +
           std::string(family_width - info.family.size() + 2, ' ') + info.description;
  }
  print_result(out);
  return kOk;
}

// The environment's constructor arguments, checked with everything else that --set may hold.
EnvKwargs resolve_kwargs(const EnvArguments& arguments) {
  ConfigRequest request;
  request.set = arguments.set;
  request.options.push_back({"env_id", arguments.env_id, "command line"});
  if (!arguments.plugins.empty()) request.options.push_back({"env_plugins", arguments.plugins, "--env-plugin"});
  return resolve_config(request).config.env_kwargs;
}

int info(Context& context, const EnvArguments& arguments) {
  const EnvKwargs kwargs = resolve_kwargs(arguments);
  if (!context.json) {
    std::string text = describe_env(arguments.env_id, kwargs);
    while (text.ends_with('\n')) text.pop_back();
    print_result(text);
    return kOk;
  }
  const std::unique_ptr<Env> env = make_env(arguments.env_id, kwargs);
  const EnvSpec& spec = env->spec();
  Json out = {{"id", spec.id},
              {"obs_dim", spec.obs_dim},
              {"act_dim", spec.act_dim},
              {"num_actions", spec.num_actions},
              {"obs_low", bounds_json(spec.obs_low)},
              {"obs_high", bounds_json(spec.obs_high)},
              {"act_low", bounds_json(spec.act_low)},
              {"act_high", bounds_json(spec.act_high)},
              {"max_episode_steps", spec.max_episode_steps},
              {"reward_threshold", spec.reward_threshold ? Json(*spec.reward_threshold) : Json(nullptr)},
              {"can_save_state", env->can_save_state()},
              {"arguments", Json::array()}};
  for (const EnvInfo& known : registered_envs()) {
    if (known.id != arguments.env_id) continue;
    out["family"] = known.family;
    out["description"] = known.description;
    for (const EnvArgument& argument : known.arguments) {
      const auto set = kwargs.find(argument.name);
      out["arguments"].push_back({{"name", argument.name},
                                  {"default", value_json(argument.default_value)},
                                  {"value", value_json(set == kwargs.end() ? argument.default_value : set->second)},
                                  {"description", argument.description}});
    }
  }
  print_result(out.dump(2));
  return kOk;
}

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "?";
}

int check(Context& context, const EnvArguments& arguments) {
  if (arguments.steps < 1) throw ConfigError("--steps " + std::to_string(arguments.steps) + ": must be at least 1");
  const double max_sec = arguments.max_time.empty() ? 0.0 : parse_duration(arguments.max_time);
  install_quick_stop(kGraceSec, max_sec);
  const StopRequest stop(&stop_signal(), max_sec);
  const EnvReport report = check_env(arguments.env_id, resolve_kwargs(arguments), arguments.steps, stop);
  if (context.json) {
    Json out = {{"id", report.id},
                {"ok", report.ok()},
                {"steps", report.steps},
                {"episodes", report.episodes},
                {"mean_reward", report.mean_reward},
                {"findings", Json::array()}};
    for (const EnvFinding& finding : report.findings) {
      out["findings"].push_back(
          {{"severity", severity_name(finding.severity)}, {"check", finding.check}, {"message", finding.message}});
    }
    print_result(out.dump(2));
  } else {
    std::string out;
    for (const EnvFinding& finding : report.findings)
      out += std::string(severity_name(finding.severity)) + ": " + finding.check + ": " + finding.message + "\n";
    char reward[64];
    std::snprintf(reward, sizeof reward, "%.4g", report.mean_reward);
    out += report.id + ": " + (report.ok() ? "keeps the contract" : "breaks the contract") + " (" +
           std::to_string(report.steps) + " random steps, " + std::to_string(report.episodes) +
           " episodes, mean reward " + reward + " per step)";
    print_result(out);
  }
  if (report.ok()) return kOk;
  context.terminal.error(report.id + " breaks the contract of environments");
  return kEnvironment;
}

}  // namespace

void add_env(Command root, Context& context) {
  auto arguments = std::make_shared<EnvArguments>();
  Command env = root.add_command("env", "List, describe and check environments");
  env.require_command();
  auto add = [&](const char* name, const char* description, auto action) {
    Command command = env.add_command(name, description);
    command.add_option("--env-plugin", arguments->plugins, "Shared library with further environments (repeatable)")
        .value_name("FILE");
    add_json_option(command, context);
    command.on_parse([&context, arguments, action] {
      context.runs_environments = true;
      context.action = [&context, arguments, action] {
        arguments->plugins = absolute_paths(arguments->plugins);
        return action(context, *arguments);
      };
    });
    return command;
  };
  auto add_one = [&](const char* name, const char* description, auto action) {
    Command command = add(name, description, action);
    command.add_option("ENV", arguments->env_id, "Environment").required();
    command.add_option("--set", arguments->set, "Constructor argument: env_kwargs.NAME=VALUE (repeatable)")
        .value_name("KEY=VALUE");
    return command;
  };
  add("list", "All environments; with -q their names alone", list);
  add_one("info", "Sizes, bounds, time limit and constructor arguments of an environment", info);
  Command checking =
      add_one("check", "Try an environment out against the contract (exit code 5 if it breaks it)", check);
  checking.add_option("--steps", arguments->steps, "Random steps to try").show_default();
  checking.add_option("--max-time", arguments->max_time, "Give up after this time with exit code 75")
      .value_name("TIME");
}

}  // namespace softac::app

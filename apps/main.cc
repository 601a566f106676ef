// The command `softac`: parses, runs one subcommand, and turns exceptions into exit codes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/nearest_match.h"
#include "commands.h"
#include "exit_code.h"
#include "run/build_info.h"

namespace softac::app {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

// Long options of a command and of those above it.
std::vector<std::string> option_names(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// What is wrong with a command line that the parser refused: the first unknown command or option, with the nearest
// match; else the parser's own message.
std::string explain(const CLI::App& root, const std::vector<std::string>& arguments,
                    const std::string& parser_message) {
  const CLI::App* command = &root;
  std::string path = "softac";
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument.starts_with("--")) {
      const std::string name = argument.substr(0, argument.find('='));
      const std::vector<std::string> names = option_names(command);
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        return "unknown option " + name + " of " + path + did_you_mean(name, names);
      }
    } else if (!argument.starts_with("-")) {
      const std::vector<std::string> names = command_names(*command);
      if (names.empty()) continue;
      if (std::find(names.begin(), names.end(), argument) == names.end()) {
        return "unknown command \"" + argument + "\"" + did_you_mean(argument, names);
      }
      command = command->get_subcommand(argument);
      path += " " + argument;
    }
  }
  return parser_message;
}

int run(int argc, char** argv) {
  Context context;
  context.arguments.assign(argv + 1, argv + argc);

  CLI::App app("Soft Actor-Critic: trains, evaluates and measures.", "softac");
  app.set_version_flag("--version", "softac " + softac_version());
  bool quiet = false;
  app.add_flag("-q,--quiet", quiet, "No messages but warnings and errors");
  app.require_subcommand(1);
  app.fallthrough();
  add_train(app, context);
  add_resume(app, context);
  add_ckpt(app, context);
  add_eval(app, context);
  add_env(app, context);
  add_exact(app, context);
  add_bench(app, context);
  add_info(app, context);
  add_completion(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    context.terminal.error(explain(app, context.arguments, error.what()) +
                           "\nsoftac --help shows the commands, softac COMMAND --help the options");
    return kUsage;
  }
  context.terminal.set_quiet(quiet);
  try {
    return context.action();
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    context.terminal.error(failure.message);
    return failure.code;
  }
}

}  // namespace

void add_json_option(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "Print the result as JSON");
}

}  // namespace softac::app

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error of that write, not the end of the process
  try {
    return softac::app::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "error: internal error: " << error.what() << '\n';
    return softac::app::kInternal;
  }
}

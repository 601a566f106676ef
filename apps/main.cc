// The command `softac`: parses, runs one subcommand, and turns exceptions into exit codes.
#include <locale.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/nearest_match.h"
#include "commands.h"
#include "env/foreign_guard.h"
#include "exit_code.h"
#include "paths.h"
#include "run/build_info.h"
#include "signals.h"
#include "standard_streams.h"

namespace softac::app {
namespace {

// Long options of a command and of those above it, which are `path`.
std::vector<std::string> option_names(const std::vector<Command>& path) {
  std::vector<std::string> names;
  for (auto command = path.rbegin(); command != path.rend(); ++command) {
    for (const OptionFacts& option : command->options())
      names.insert(names.end(), option.long_names.begin(), option.long_names.end());
  }
  return names;
}

// What is wrong with a command line that the parser refused: the first unknown command or option, with the nearest
// match; else the parser's own message.
std::string explain(Command root, const std::vector<std::string>& arguments, const std::string& parser_message) {
  std::vector<Command> path = {root};
  std::string path_text = "softac";
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument.starts_with("--")) {
      const std::string name = argument.substr(0, argument.find('='));
      const std::vector<std::string> names = option_names(path);
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        return "unknown option " + name + " of " + path_text + did_you_mean(name, names);
      }
    } else if (!argument.starts_with("-")) {
      const std::vector<Command> commands = path.back().commands();
      if (commands.empty()) continue;
      std::vector<std::string> names;
      for (const Command& command : commands) names.push_back(command.name());
      const auto found = std::find(names.begin(), names.end(), argument);
      if (found == names.end()) {
        return "unknown command \"" + argument + "\"" + did_you_mean(argument, names);
      }
      path.push_back(commands[found - names.begin()]);
      path_text += " " + argument;
    }
  }
  return parser_message;
}

// Before anything of an environment, be it only its library's constructors, runs in this process.
void expect_foreign_code() {
  start_folder();
  keep_results_apart();
  uselocale(newlocale(LC_ALL_MASK, "C", nullptr));  // this thread's own: numbers are written as ever
  outlive_timers();
  install_exit_report();
  guard_process();
}

int run(int argc, char** argv) {
  Context context;
  context.arguments.assign(argv + 1, argv + argc);

  CommandLine line("Soft Actor-Critic: trains, evaluates and measures.", "softac", "softac " + softac_version());
  Command root = line.root();
  bool quiet = false;
  root.add_flag("-q,--quiet", quiet, "No messages but warnings and errors");
  add_train(root, context);
  add_resume(root, context);
  add_watch(root, context);
  add_ls(root, context);
  add_ckpt(root, context);
  add_eval(root, context);
  add_play(root, context);
  add_export(root, context);
  add_data(root, context);
  add_env(root, context);
  add_exact(root, context);
  add_report(root, context);
  add_plot(root, context);
  add_bench(root, context);
  add_info(root, context);
  add_completion(root, context);

  try {
    if (!line.parse(argc, argv)) return kOk;
  } catch (const UsageError& error) {
    context.terminal.error(explain(root, context.arguments, error.what()) +
                           "\nsoftac --help shows the commands, softac COMMAND --help the options");
    return kUsage;
  }
  context.terminal.set_quiet(quiet);
  if (context.runs_environments) expect_foreign_code();
  try {
    const int code = context.action();
    print_foreign_warnings(context);
    expect_end();
    return code;
  } catch (...) {
    expect_end();
    print_foreign_warnings(context);
    const Failure failure = failure_of(std::current_exception());
    context.terminal.error(failure.message);
    return failure.code;
  }
}

}  // namespace

void print_foreign_warnings(Context& context) {
  for (const std::string& text : take_foreign_warnings()) context.terminal.warning(text);
}

Option add_json_option(Command command, Context& context) {
  return command.add_flag("--json", context.json, "Print the result as JSON");
}

}  // namespace softac::app

int main(int argc, char** argv) {
  softac::app::secure_standard_descriptors();
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error of that write, not the end of the process
  try {
    return softac::app::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "error: internal error: " << error.what() << '\n';
    return softac::app::kInternal;
  }
}

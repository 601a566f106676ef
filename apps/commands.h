// The subcommands. Each adds itself to the parser; what it is to do is stored in `action` when it is parsed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "terminal.h"

namespace CLI {
class App;
}

namespace softac::app {

struct Context {
  Terminal terminal;
  bool json = false;
  std::vector<std::string> arguments;  // of the process, without the program's name
  std::function<int()> action;         // set by the subcommand that was named; returns the exit code
};

void add_train(CLI::App& app, Context& context);
void add_resume(CLI::App& app, Context& context);
void add_ckpt(CLI::App& app, Context& context);
void add_eval(CLI::App& app, Context& context);
void add_env(CLI::App& app, Context& context);
void add_exact(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
void add_info(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

// --json for a subcommand.
void add_json_option(CLI::App& command, Context& context);

}  // namespace softac::app

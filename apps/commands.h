// The subcommands. Each adds itself to the parser; what it is to do is stored in `action` when it is parsed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli.h"
#include "terminal.h"

namespace softac::app {

struct Context {
  Terminal terminal;
  bool json = false;
  std::vector<std::string> arguments;  // of the process, without the program's name
  std::function<int()> action;         // set by the subcommand that was named; returns the exit code
  bool runs_environments = false;      // likewise: code of others will run in this process
};

void add_train(Command root, Context& context);
void add_resume(Command root, Context& context);
void add_watch(Command root, Context& context);
void add_ls(Command root, Context& context);
void add_ckpt(Command root, Context& context);
void add_eval(Command root, Context& context);
void add_play(Command root, Context& context);
void add_data(Command root, Context& context);
void add_export(Command root, Context& context);
void add_env(Command root, Context& context);
void add_exact(Command root, Context& context);
void add_report(Command root, Context& context);
void add_plot(Command root, Context& context);
void add_bench(Command root, Context& context);
void add_info(Command root, Context& context);
void add_completion(Command root, Context& context);

// Says what environments of others changed and softac has set back, as far as it was not said yet.
void print_foreign_warnings(Context& context);

// --json for a subcommand.
Option add_json_option(Command command, Context& context);

}  // namespace softac::app

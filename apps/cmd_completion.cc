// softac completion bash|zsh|fish: scripts made from the parser itself, so that they cannot drift from it.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "completion.h"
#include "exit_code.h"

namespace softac::app {

namespace {

void collect(const CLI::App& app, const std::string& path, std::vector<CompletionCommand>& out) {
  CompletionCommand command;
  command.path = path;
  command.description = app.get_description();
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
    command.children.push_back(child->get_name());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.takes_env = command.takes_env || option->get_name() == "ENV";
      command.takes_mdp = command.takes_mdp || option->get_name() == "MDP";
      command.takes_file = command.takes_file || option->get_name() == "RUN";
    }
    for (const std::string& name : option->get_lnames())
      command.options.push_back({"--" + name, option->get_description(), option->get_items_expected_max() > 0});
  }
  out.push_back(command);
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
  }
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  CLI::App* completion =
      app.add_subcommand("completion", "Print a script that completes softac's commands and options in a shell");
  completion->fallthrough();
  completion->require_subcommand(1);
  auto add = [&](const char* shell, const char* description, auto print) {
    completion->add_subcommand(shell, description)->fallthrough()->callback([&app, &context, print] {
      context.action = [&app, print] {
        std::vector<CompletionCommand> commands;
        collect(app, "", commands);
        print_result(print(commands));
        return int{kOk};
      };
    });
  };
  add("bash", "For bash: source <(softac completion bash)", bash_completion);
  add("zsh", "For zsh: softac completion zsh > a folder of $fpath/_softac", zsh_completion);
  add("fish", "For fish: softac completion fish | source", fish_completion);
}

}  // namespace softac::app

// softac completion bash|zsh|fish: scripts made from the parser itself, so that they cannot drift from it.
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "completion.h"
#include "exit_code.h"

namespace softac::app {

namespace {

void collect(Command from, const std::string& path, std::vector<CompletionCommand>& out) {
  CompletionCommand command;
  command.path = path;
  command.description = from.description();
  const std::vector<Command> children = from.commands();
  for (const Command& child : children) command.children.push_back(child.name());
  for (const OptionFacts& option : from.options()) {
    command.takes_env = command.takes_env || option.name == "ENV";
    command.takes_mdp = command.takes_mdp || option.name == "MDP";
    command.takes_file = command.takes_file || option.name == "RUN" || option.name == "DIR" || option.name == "DATA";
    for (const std::string& name : option.long_names)
      command.options.push_back({name, option.description, option.has_value});
  }
  out.push_back(command);
  for (const Command& child : children) collect(child, path.empty() ? child.name() : path + " " + child.name(), out);
}

}  // namespace

void add_completion(Command root, Context& context) {
  Command completion =
      root.add_command("completion", "Print a script that completes softac's commands and options in a shell");
  completion.require_command();
  auto add = [&](const char* shell, const char* description, auto print) {
    completion.add_command(shell, description).on_parse([root, &context, print] {
      context.action = [root, print] {
        std::vector<CompletionCommand> commands;
        collect(root, "", commands);
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

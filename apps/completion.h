// Completion scripts for shells from a list of commands.
#pragma once

#include <string>
#include <vector>

namespace softac::app {

struct CompletionOption {
  std::string name;  // "--config"
  std::string description;
  bool has_value = false;
};

struct CompletionCommand {
  std::string path;  // "", "train", "env list"
  std::string description;
  std::vector<std::string> children;  // subcommands
  std::vector<CompletionOption> options;
  bool takes_env = false;   // a positional argument is an environment
  bool takes_file = false;  // … a file or folder
  bool takes_mdp = false;   // … a finite problem
};

// commands: the root first. Environments are asked of the installed softac while completing; --set completes the
// settings.
std::string bash_completion(const std::vector<CompletionCommand>& commands);
std::string zsh_completion(const std::vector<CompletionCommand>& commands);
std::string fish_completion(const std::vector<CompletionCommand>& commands);

}  // namespace softac::app

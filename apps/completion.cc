#include "completion.h"

#include <algorithm>

#include "config/fields.h"
#include "config/presets.h"

namespace softac::app {
namespace {

// Ready problems of `softac exact`.
constexpr const char* kProblems = "cliffwalking frozenlake gridworld mountaincar pendulum random:";

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string setting_words() {
  std::vector<std::string> words;
  for (const std::string& name : setting_names()) words.push_back(name + "=");
  return joined(words);
}

std::vector<std::string> names_of(const std::vector<CompletionOption>& options) {
  std::vector<std::string> names;
  for (const CompletionOption& option : options) names.push_back(option.name);
  return names;
}

// Inside single quotes of a shell.
std::string shell_quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return "'" + out + "'";
}

// Single quotes of fish: a backslash escapes.
std::string fish_quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return "'" + out + "'";
}

// The function both bash and zsh (through bashcompinit) run.
std::string bash_function(const std::vector<CompletionCommand>& commands) {
  std::string paths, cases;
  for (const CompletionCommand& command : commands) {
    if (!command.path.empty()) {
      if (!paths.empty()) paths += '|';
      paths += shell_quoted(command.path);
    }
    std::string words = joined(command.children);
    const std::vector<std::string> names = names_of(command.options);
    cases += "    " + shell_quoted(command.path) + ") words=" + shell_quoted(words) +
             "; options=" + shell_quoted(joined(names));
    if (command.takes_env) cases += "; words=\"$(softac env list -q 2>/dev/null)\"";
    if (command.takes_mdp) cases += "; words=" + shell_quoted(kProblems);
    if (command.takes_file) cases += "; files=1";
    cases += " ;;\n";
  }
  return "_softac() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local path='' words='' options='' files='' i word\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    case \"${path:+$path }$word\" in\n"
         "      " +
         paths +
         ") path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  case \"$previous\" in\n"
         "    --set) compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -W " +
         shell_quoted(setting_words()) +
         " -- \"$current\")); return ;;\n"
         "    --preset) COMPREPLY=($(compgen -W 'sb3 cleanrl spinup' -- \"$current\")); return ;;\n"
         "    --method) COMPREPLY=($(compgen -W " +
         shell_quoted(joined(method_names())) +
         " -- \"$current\")); return ;;\n"
         "    --log) COMPREPLY=($(compgen -W 'line table' -- \"$current\")); return ;;\n"
         "    --state) COMPREPLY=($(compgen -W 'running finished stopped failed died broken' -- \"$current\")); "
         "return ;;\n"
         "    --sort) COMPREPLY=($(compgen -W 'started return env path' -- \"$current\")); return ;;\n"
         "    --config|--run-dir|--init-from|--env-plugin|--dump|--output|--video|--offline) COMPREPLY=($(compgen -f "
         "-- "
         "\"$current\")); "
         "return ;;\n"
         "  esac\n"
         "  if [[ \"$current\" == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options --quiet\" -- \"$current\"))\n"
         "  elif [[ -n \"$files\" ]]; then\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  fi\n"
         "}\n";
}

}  // namespace

std::string bash_completion(const std::vector<CompletionCommand>& commands) {
  return "# bash completion of softac; made by softac completion bash\n" + bash_function(commands) +
         "complete -o filenames -F _softac softac";
}

std::string zsh_completion(const std::vector<CompletionCommand>& commands) {
  return "#compdef softac\n# zsh completion of softac; made by softac completion zsh\nautoload -U +X bashcompinit && "
         "bashcompinit\n" +
         bash_function(commands) + "complete -o filenames -F _softac softac";
}

std::string fish_completion(const std::vector<CompletionCommand>& commands) {
  std::string out = "# fish completion of softac; made by softac completion fish\ncomplete -c softac -f";
  for (const CompletionCommand& command : commands) {
    // True where this command's path has been typed and none of its subcommands has.
    std::string condition;
    std::string rest = command.path;
    while (!rest.empty()) {
      const auto space = rest.find(' ');
      condition += (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + rest.substr(0, space));
      rest = space == std::string::npos ? "" : rest.substr(space + 1);
    }
    if (condition.empty())
      condition = "__fish_use_subcommand";
    else if (!command.children.empty())
      condition += "; and not __fish_seen_subcommand_from " + joined(command.children);
    const std::string start = "\ncomplete -c softac -n " + shell_quoted(condition);
    for (const std::string& child : command.children) {
      const std::string path = command.path.empty() ? child : command.path + " " + child;
      const auto found = std::find_if(commands.begin(), commands.end(),
                                      [&](const CompletionCommand& other) { return other.path == path; });
      out += start + " -a " + child + " -d " + fish_quoted(found->description);
    }
    for (const CompletionOption& option : command.options) {
      out += start + " -l " + option.name.substr(2) + " -d " + fish_quoted(option.description);
      if (option.name == "--set")
        out += " -x -a " + shell_quoted(setting_words());
      else if (option.name == "--preset")
        out += " -x -a 'sb3 cleanrl spinup'";
      else if (option.name == "--method")
        out += " -x -a " + shell_quoted(joined(method_names()));
      else if (option.name == "--log")
        out += " -x -a 'line table'";
      else if (option.name == "--state")
        out += " -x -a 'running finished stopped failed died broken'";
      else if (option.name == "--sort")
        out += " -x -a 'started return env path'";
      else if (option.has_value)
        out += " -r -F";
    }
    if (command.takes_env) out += start + " -a '(softac env list -q 2>/dev/null)'";
    if (command.takes_mdp) out += start + " -F -a " + shell_quoted(kProblems);
    if (command.takes_file) out += start + " -F";
  }
  return out;
}

}  // namespace softac::app

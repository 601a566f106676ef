#include "commands_page.h"

#include <algorithm>

namespace softac::app {
namespace {

// A description within a table's cell.
std::string cell_text(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : c == '<' ? "\\<" : std::string(1, c);
  return out;
}

bool is_help(const OptionFacts& option) {
  return std::ranges::find(option.long_names, "--help") != option.long_names.end();
}

std::string option_text(const OptionFacts& option) {
  std::string names = option.name;
  for (const std::string& name : option.all_names) names += (names.empty() ? "" : ", ") + name;
  const bool shows_value = option.name.empty() && option.has_value && !option.value_name.empty();
  return "`" + names + (shows_value ? " " + option.value_name : "") + "`";
}

std::string row_text(const OptionFacts& option) {
  std::string notes;
  if (option.required) notes = "needed";
  if (!option.default_value.empty()) notes = "default `" + option.default_value + "`";
  return "| " + option_text(option) + " | " + cell_text(option.description) +
         (notes.empty() ? "" : " (" + notes + ")") + " |\n";
}

std::string usage_text(const Command& command, const std::string& path) {
  std::string out = "softac" + (path.empty() ? "" : " " + path);
  if (!command.commands().empty()) return out + " COMMAND";
  for (const OptionFacts& option : command.options()) {
    if (!option.name.empty()) out += option.required ? " " + option.name : " [" + option.name + "]";
  }
  return out + " [OPTION …]";
}

void add_page(const Command& command, const std::string& path, std::string& out) {
  out += "\n## softac" + (path.empty() ? "" : " " + path) + "\n\n" + command.description() +
         (command.description().ends_with('.') ? "" : ".") + "\n\n    " + usage_text(command, path) + "\n";
  std::vector<OptionFacts> options = command.options();
  std::erase_if(options, is_help);
  std::ranges::stable_sort(options, {}, [](const OptionFacts& option) { return option.name.empty(); });
  if (!options.empty()) out += "\n| option | meaning |\n| --- | --- |\n";
  for (const OptionFacts& option : options) out += row_text(option);
  const std::vector<Command> below = command.commands();
  if (!below.empty()) out += "\n| command | what it does |\n| --- | --- |\n";
  for (const Command& child : below) {
    const std::string child_path = path.empty() ? child.name() : path + " " + child.name();
    std::string anchor = "softac-" + child_path;
    std::ranges::replace(anchor, ' ', '-');
    out += "| [`" + child_path + "`](#" + anchor + ") | " + cell_text(child.description()) + " |\n";
  }
  for (const Command& child : below) add_page(child, path.empty() ? child.name() : path + " " + child.name(), out);
}

}  // namespace

std::string commands_markdown(Command root) {
  std::string out =
      "# Commands\n\nMade by `softac info --commands`, which a test compares with this page. Every command has "
      "`--help`. What they "
      "print, exit codes and examples: [cli.md](cli.md).\n";
  add_page(root, "", out);
  return out;
}

}  // namespace softac::app

// The command line: commands, their options, and the variables that the values go to. cli.cc alone knows the library
// that parses, so that no command pays for compiling it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace softac::app {

// One option of a command. Like Command a handle, which lives as long as its CommandLine.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  Option& show_default();                // in the help: the value that its variable has now
  Option& value_name(const char* name);  // in the help: the value's placeholder
  Option& excludes(Option other);
  Option& needs(Option other);

 private:
  CLI::Option* option_;
};

// What completion, error messages and the page of commands need to know of an option.
struct OptionFacts {
  std::string name;                     // of a positional argument, else ""
  std::vector<std::string> all_names;   // "-o", "--output"
  std::vector<std::string> long_names;  // "--config"
  std::string description;
  std::string value_name, default_value;  // as the help has them; "" where there is none
  bool has_value = false;
  bool required = false;
};

class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  // Options of a command may stand behind those below it too.
  Command add_command(const std::string& name, const std::string& description);
  void require_command();  // one of the commands below must be named

  // name: "--steps", "-o,--output", or "ENV" for a positional argument. The variable must outlive the parse. One that
  // is a list takes one value each time the option is given.
  Option add_option(const std::string& name, std::string& variable, const std::string& description);
  Option add_option(const std::string& name, std::vector<std::string>& variable, const std::string& description);
  // The values that stand for themselves, one after another: "RUN" for RUN….
  Option add_positionals(const std::string& name, std::vector<std::string>& variable, const std::string& description);
  Option add_option(const std::string& name, int& variable, const std::string& description);
  Option add_option(const std::string& name, std::int64_t& variable, const std::string& description);
  Option add_option(const std::string& name, double& variable, const std::string& description);
  Option add_flag(const std::string& name, bool& variable, const std::string& description);

  // Called at the end of a parse that named this command.
  void on_parse(std::function<void()> action);

  std::string name() const;
  std::string description() const;
  std::vector<Command> commands() const;  // directly below this one
  std::vector<OptionFacts> options() const;

 private:
  CLI::App* app_;
};

class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& name, const std::string& version);
  ~CommandLine();

  Command root() const;

  // False where the help or the version was asked for, which is on standard output then. Throws UsageError.
  bool parse(int argc, const char* const* argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace softac::app

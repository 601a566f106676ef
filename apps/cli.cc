#include "cli.h"

#include <CLI/CLI.hpp>

#include "exit_code.h"

namespace softac::app {

Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}
Option& Option::value_name(const char* name) {
  option_->type_name(name);
  return *this;
}
Option& Option::excludes(Option other) {
  option_->excludes(other.option_);
  return *this;
}
Option& Option::needs(Option other) {
  option_->needs(other.option_);
  return *this;
}

Command Command::add_command(const std::string& name, const std::string& description) {
  return Command(app_->add_subcommand(name, description)->fallthrough());
}

void Command::require_command() {
  app_->require_subcommand(1);
}

Option Command::add_option(const std::string& name, std::string& variable, const std::string& description) {
  return Option(app_->add_option(name, variable, description));
}
Option Command::add_option(const std::string& name, std::vector<std::string>& variable,
                           const std::string& description) {
  return Option(app_->add_option(name, variable, description)->allow_extra_args(false));
}
Option Command::add_positionals(const std::string& name, std::vector<std::string>& variable,
                                const std::string& description) {
  return Option(app_->add_option(name, variable, description));
}
Option Command::add_option(const std::string& name, int& variable, const std::string& description) {
  return Option(app_->add_option(name, variable, description));
}
Option Command::add_option(const std::string& name, std::int64_t& variable, const std::string& description) {
  return Option(app_->add_option(name, variable, description));
}
Option Command::add_option(const std::string& name, double& variable, const std::string& description) {
  return Option(app_->add_option(name, variable, description));
}
Option Command::add_flag(const std::string& name, bool& variable, const std::string& description) {
  return Option(app_->add_flag(name, variable, description));
}

void Command::on_parse(std::function<void()> action) {
  app_->callback(std::move(action));
}

std::string Command::name() const {
  return app_->get_name();
}
std::string Command::description() const {
  return app_->get_description();
}

std::vector<Command> Command::commands() const {
  std::vector<Command> out;
  for (CLI::App* command : app_->get_subcommands([](CLI::App*) { return true; })) out.emplace_back(command);
  return out;
}

std::vector<OptionFacts> Command::options() const {
  std::vector<OptionFacts> out;
  for (const CLI::Option* option : app_->get_options()) {
    OptionFacts facts;
    if (option->get_positional()) facts.name = option->get_name();
    for (const std::string& name : option->get_snames()) facts.all_names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) facts.long_names.push_back("--" + name);
    facts.all_names.insert(facts.all_names.end(), facts.long_names.begin(), facts.long_names.end());
    facts.description = option->get_description();
    facts.has_value = option->get_items_expected_max() > 0;
    if (facts.has_value) facts.value_name = option->get_type_name();
    facts.default_value = option->get_default_str();
    facts.required = option->get_required();
    out.push_back(std::move(facts));
  }
  return out;
}

CommandLine::CommandLine(const std::string& description, const std::string& name, const std::string& version)
    : app_(std::make_unique<CLI::App>(description, name)) {
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
  app_->fallthrough();
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() const {
  return Command(app_.get());
}

bool CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
    return true;
  } catch (const CLI::Success& success) {
    app_->exit(success);
    return false;
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace softac::app

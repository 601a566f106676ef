#include "env/kwargs.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/nearest_match.h"
#include "base/text.h"

namespace softac {

namespace {
bool holds_nan(const EnvValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return std::isnan(*number);
  const auto* list = std::get_if<std::vector<double>>(&value);
  return list != nullptr && std::any_of(list->begin(), list->end(), [](double x) { return std::isnan(x); });
}
}  // namespace

const char* type_name(const EnvValue& value) {
  constexpr std::array<const char*, 4> kNames = {"bool", "number", "string", "list of numbers"};
  return kNames[value.index()];
}

std::string to_text(const EnvValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return '"' + *text + '"';
  std::string out = "[";
  for (const double item : std::get<std::vector<double>>(value)) {
    if (out.size() > 1) out += ", ";
    out += number_text(item);
  }
  return out + "]";
}

EnvKwargs complete_kwargs(const EnvInfo& info, const EnvKwargs& given) {
  EnvKwargs complete;
  std::vector<std::string> names;
  for (const EnvArgument& argument : info.arguments) {
    complete[argument.name] = argument.default_value;
    names.push_back(argument.name);
  }
  std::string violations;
  for (const auto& [name, value] : given) {
    const auto known = complete.find(name);
    if (known == complete.end()) {
      violations += "\n  unknown argument '" + name + "'" + did_you_mean(name, names);
    } else if (known->second.index() != value.index()) {
      violations += "\n  argument '" + name + "': expected a " + type_name(known->second) + ", found the " +
                    type_name(value) + " " + to_text(value);
    } else if (holds_nan(value)) {
      violations += "\n  argument '" + name + "': must be a number, found nan";
    } else {
      known->second = value;
    }
  }
  if (!violations.empty()) {
    std::string message = "environment " + info.id + ":" + violations;
    if (names.empty()) message += "\n  it takes no arguments";
    throw ConfigError(message);
  }
  return complete;
}

}  // namespace softac

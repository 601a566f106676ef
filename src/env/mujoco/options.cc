#include "env/mujoco/options.h"

#include <cmath>
#include <limits>

#include "env/kwargs.h"

namespace softac {

const EnvValue* OptionVisitor::next(const char* name, EnvValue default_value, const char* description) {
  if (kwargs_ == nullptr) {
    arguments_.push_back({name, std::move(default_value), description});
    return nullptr;
  }
  const auto found = kwargs_->find(name);
  SOFTAC_REQUIRE(found != kwargs_->end() && found->second.index() == default_value.index(), name);
  return &found->second;
}

void OptionVisitor::violation(const char* name, const char* expected, const std::string& found) {
  violations_ += std::string("\n  ") + name + ": expected " + expected + ", found " + found;
}

double OptionVisitor::checked_number(const char* name, const EnvValue& value, const char* expected, double minimum) {
  const double number = std::get<double>(value);
  if (!std::isfinite(number) || number < minimum) violation(name, expected, to_text(value));
  return number;
}

void OptionVisitor::number(const char* name, double& field, const char* description) {
  if (const EnvValue* value = next(name, field, description)) {
    field = checked_number(name, *value, "a finite number", -std::numeric_limits<double>::infinity());
  }
}

void OptionVisitor::non_negative(const char* name, double& field, const char* description) {
  if (const EnvValue* value = next(name, field, description)) {
    field = checked_number(name, *value, "a finite number of at least 0", 0.0);
  }
}

void OptionVisitor::count(const char* name, int& field, const char* description) {
  if (const EnvValue* value = next(name, static_cast<double>(field), description)) {
    const double number = std::get<double>(*value);
    if (number >= 1.0 && number <= 1e6 && number == std::floor(number)) {
      field = static_cast<int>(number);
    } else {
      violation(name, "a whole number from 1 to 1000000", to_text(*value));
    }
  }
}

void OptionVisitor::flag(const char* name, bool& field, const char* description) {
  if (const EnvValue* value = next(name, field, description)) field = std::get<bool>(*value);
}

void OptionVisitor::range(const char* name, Range& field, const char* description) {
  if (const EnvValue* value = next(name, std::vector<double>{field.low, field.high}, description)) {
    const auto& pair = std::get<std::vector<double>>(*value);
    if (pair.size() == 2 && pair[0] <= pair[1]) {
      field = {pair[0], pair[1]};
    } else {
      violation(name, "two numbers [lower, upper]", to_text(*value));
    }
  }
}

void OptionVisitor::text(const char* name, std::string& field, const char* description) {
  if (const EnvValue* value = next(name, field, description)) {
    field = std::get<std::string>(*value);
    if (field.empty()) violation(name, "a text", "an empty one");
  }
}

void OptionVisitor::finish(const std::string& id) const {
  if (!violations_.empty()) throw ConfigError("environment " + id + ":" + violations_);
}

}  // namespace softac

// Constructor arguments of the tasks. Each task has one struct of options with its defaults and one `visit` that names
// every field; the same visit lists the arguments for the registry and reads the values that a user gave.
#pragma once

#include <string>
#include <vector>

#include "softac/env.h"

namespace softac {

// An interval (lower, upper).
struct Range {
  double low;
  double high;
};

class OptionVisitor {
 public:
  OptionVisitor() = default;                                             // lists
  explicit OptionVisitor(const EnvKwargs& kwargs) : kwargs_(&kwargs) {}  // reads

  void number(const char* name, double& field, const char* description);        // finite
  void non_negative(const char* name, double& field, const char* description);  // finite, ≥ 0
  void count(const char* name, int& field, const char* description);            // whole, ≥ 1
  void flag(const char* name, bool& field, const char* description);
  void range(const char* name, Range& field, const char* description);       // [lower, upper], infinity allowed
  void text(const char* name, std::string& field, const char* description);  // not empty

  const std::vector<EnvArgument>& arguments() const { return arguments_; }
  // After reading: throws ConfigError with all violations.
  void finish(const std::string& id) const;

 private:
  // Lists the argument or returns the given value.
  const EnvValue* next(const char* name, EnvValue default_value, const char* description);
  void violation(const char* name, const char* expected, const std::string& found);
  double checked_number(const char* name, const EnvValue& value, const char* expected, double minimum);

  const EnvKwargs* kwargs_ = nullptr;
  std::vector<EnvArgument> arguments_;
  std::string violations_;
};

// What every MuJoCo task has.
struct TaskOptions {
  int version = 5;  // 4 or 5, the number in the id
  std::string xml_file;
  int frame_skip = 1;

 protected:
  void visit_model(OptionVisitor& v) {
    v.text("xml_file", xml_file, "model file: a name in Gymnasium's asset directory, or a path");
    v.count("frame_skip", frame_skip, "simulation steps per environment step");
  }
};

}  // namespace softac

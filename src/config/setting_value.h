// A setting's value before it is known which setting it is for, and the entries that a file or the command line yields.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace softac {

// The empty list is a vector<double>.
using SettingValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<double>, std::vector<std::string>>;

struct SettingEntry {
  std::string key;  // "learning_rate", "env_kwargs.forward_reward_weight"
  SettingValue value;
  std::string origin;  // where it was written, for messages and for [origin] in config.toml
};

// As a user would write it in TOML; doubles in the shortest form that reads back to the same bits.
std::string to_toml(const SettingValue& value);
std::string to_toml(double value);
std::string to_toml(const std::string& value);

}  // namespace softac

// Settings from TOML text and from key=value. Size and nesting are capped: a file may come from anywhere.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "config/input_files.h"
#include "config/setting_value.h"

namespace softac {

inline constexpr std::size_t kMaxTomlBytes = 1 << 20;  // a larger file is refused; nesting beyond 32 levels too

struct TomlSettings {
  std::vector<SettingEntry> entries;          // tables flattened to dotted keys; origin = `origin` given
  std::map<std::string, std::string> origin;  // table [origin]: setting → where its value came from
  std::map<std::string, std::string> where;   // key → "name:line:column", for messages
  std::vector<InputFile> inputs;              // table [inputs.SETTING]: path → SHA-256
  std::vector<std::string> violations;        // values of a kind that no setting has (dates, mixed lists)
};

// Parses text. name is the file's, for messages; origin is recorded with every entry. Throws IoError (name:line:column)
// on text that is not TOML.
TomlSettings parse_toml_settings(const std::string& text, const std::string& name, const std::string& origin);

// Reads and parses a file. Throws IoError if it is missing, unreadable, too large or not TOML.
TomlSettings read_toml_settings(const std::string& path, const std::string& origin);

// "learning_rate=3e-4": the value as TOML, or as plain text where it is not TOML (ent_coef=auto); a table becomes one
// entry per key (net_arch={pi=[64], qf=[256]}). Throws ConfigError if there is no "=" or no key.
std::vector<SettingEntry> parse_key_value(const std::string& text, const std::string& origin);

}  // namespace softac

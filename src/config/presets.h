// The presets that are built into the library: presets/env/*.toml (one per environment, chosen by its name),
// presets/library/*.toml (the settings and habits of other SAC implementations, chosen by --preset) and
// presets/method/*.toml (published methods on top of SAC, chosen by --method; NAME_Env.toml: what one does otherwise on
// some environments).
#pragma once

#include <string>
#include <vector>

#include "config/setting_value.h"

namespace softac {

struct Preset {
  std::string name;               // file name without .toml
  std::string description;        // one line
  std::vector<std::string> envs;  // environments it is for, in env/ and method/; a final * stands for any ending
  std::vector<SettingEntry> entries;
};

// Sorted by name. Parsed on each call.
std::vector<Preset> library_presets();
std::vector<Preset> env_presets();

// Entries of the preset for an environment; empty if it has none.
std::vector<SettingEntry> env_preset_entries(const std::string& env_id);

// The methods, then what each does otherwise on some environments, which names `envs`.
std::vector<Preset> method_presets();
std::vector<std::string> method_names();
// Entries of a method for an environment, in the order in which they apply. name: one of method_names().
std::vector<SettingEntry> method_entries(const std::string& name, const std::string& env_id);

// A preset file's text, parsed. Throws IoError if it is not TOML, ConfigError if description or envs are of a wrong
// kind.
Preset parse_preset(const std::string& name, const std::string& text, const std::string& origin);

}  // namespace softac

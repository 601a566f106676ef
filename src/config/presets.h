// The presets that are built into the library: presets/env/*.toml (one per environment, chosen by its name) and
// presets/library/*.toml (the settings and habits of other SAC implementations, chosen by --preset).
#pragma once

#include <string>
#include <vector>

#include "config/setting_value.h"

namespace softac {

struct Preset {
  std::string name;               // file name without .toml
  std::string description;        // one line
  std::vector<std::string> envs;  // environments it is for, in env/; a final * stands for any ending
  std::vector<SettingEntry> entries;
};

// Sorted by name. Parsed on each call.
std::vector<Preset> library_presets();
std::vector<Preset> env_presets();

// Entries of the preset for an environment; empty if it has none.
std::vector<SettingEntry> env_preset_entries(const std::string& env_id);

// A preset file's text, parsed. Throws IoError if it is not TOML, ConfigError if description or envs are of a wrong
// kind.
Preset parse_preset(const std::string& name, const std::string& text, const std::string& origin);

}  // namespace softac

// From defaults, presets, file and command line to the settings of a run, each with where it came from.
// Precedence: defaults < environment preset < --preset < file < --set < options of the command.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/setting_value.h"
#include "softac/config.h"

namespace softac {

// Settings of a run and their origins ("default", "preset sb3", "--set", …; key as in the file, env_kwargs.NAME too).
struct ResolvedConfig {
  TrainConfig config;
  std::map<std::string, std::string> origin;
};

struct ConfigRequest {
  std::string preset;                 // "" = none
  std::string config_file;            // "" = none
  std::vector<std::string> set;       // "key=value"
  std::vector<SettingEntry> options;  // from options of the command, e.g. {"env_id", "Hopper-v5", "command line"}
};

// Loads the plugins named, then resolves and checks everything. Throws ConfigError with all violations (unknown
// environment, keys, values, ranges, combinations), IoError if the file or a plugin is missing or broken.
ResolvedConfig resolve_config(const ConfigRequest& request);

// Reads config.toml as a run wrote it, keeping its origins; presets do not apply again. Throws as resolve_config.
ResolvedConfig load_run_config(const std::string& path);
// The same from the file's text; name is the file's, for messages.
ResolvedConfig parse_run_config(const std::string& text, const std::string& name);

// The text of config.toml: every setting, [env_kwargs], [origin]. Reading it back gives the same values, to the bit.
std::string config_toml(const ResolvedConfig& resolved);

// docs/settings.md: every setting, its kind, range, default and meaning, and the presets.
std::string settings_markdown();

}  // namespace softac

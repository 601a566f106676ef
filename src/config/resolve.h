// From defaults, presets, file and command line to the settings of a run, each with where it came from.
// Precedence: defaults < environment preset < --preset < --method < file < --set < options of the command.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/input_files.h"
#include "config/setting_value.h"
#include "softac/config.h"

namespace softac {

// Settings of a run and their origins ("default", "preset sb3", "--set", …; key as in the file, env_kwargs.NAME too).
struct ResolvedConfig {
  TrainConfig config;
  std::map<std::string, std::string> origin;
  std::vector<InputFile> inputs;  // of a run's config.toml: the files as they were when it began
};

struct ConfigRequest {
  std::string preset;                 // "" = none
  std::string method;                 // "" = none; on top of the environment's preset, or of `preset`
  std::string config_file;            // "" = none; its relative paths are relative to it
  std::vector<std::string> set;       // "key=value"
  std::vector<SettingEntry> options;  // from options of the command, e.g. {"env_id", "Hopper-v5", "command line"}
};

// Loads the plugins named, then resolves and checks everything. Throws ConfigError with all violations (unknown
// environment, keys, values, ranges, combinations), IoError if the file or a plugin is missing or broken.
ResolvedConfig resolve_config(const ConfigRequest& request);

// The settings in the text of a run's config.toml, with their origins; presets do not apply again. No plug-in is
// loaded and the environment not looked for. name is the file's, for messages. Throws ConfigError, IoError.
ResolvedConfig parse_run_config(const std::string& text, const std::string& name);

// How a run's settings are read to be used again.
struct RunConfigRequest {
  std::vector<SettingEntry> changes;  // in place of the run's
  bool allow_changed = false;         // plug-ins and model files may have other contents than when the run began
};
struct RunConfig {
  ResolvedConfig resolved;
  std::vector<std::string> notes;  // files that have moved or, where they may, changed
};

// Reads config.toml, loads its plug-ins once their contents are known to be the run's, and checks everything. Throws as
// resolve_config; IoError too where a file has changed and may not have.
RunConfig load_run_config(const std::string& path, const RunConfigRequest& request);
ResolvedConfig load_run_config(const std::string& path);

// "key=value" of the command line, paths absolute. Throws ConfigError.
std::vector<SettingEntry> parse_changes(const std::vector<std::string>& set, const std::string& origin);

// The text of config.toml: every setting, [env_kwargs], [origin], [inputs.…]. Reading it back gives the same values, to
// the bit.
std::string config_toml(const ResolvedConfig& resolved);

// docs/settings.md: every setting, its kind, range, default and meaning, and the presets.
std::string settings_markdown();

}  // namespace softac

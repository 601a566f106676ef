// Files from outside softac that decide what a run learns: plug-ins, model files and offline data. A run knows them by
// their contents.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/setting_value.h"
#include "softac/config.h"

namespace softac {

struct InputFile {
  std::string setting;  // "env_plugins", "env_kwargs.xml_file", "offline_data"
  std::string path;     // absolute
  std::string sha256;
  friend bool operator==(const InputFile&, const InputFile&) = default;
};

// The files that a configuration names, as they are now. Throws IoError, naming the setting, where one is missing. Of
// the plug-ins, which need not be loaded; and of the environment, which must be known.
std::vector<InputFile> plugin_files(const TrainConfig& config);
std::vector<InputFile> model_files(const TrainConfig& config);
// Of a run or a checkpoint the manifest, which holds the sums of what it names.
std::vector<InputFile> offline_files(const TrainConfig& config);
std::vector<InputFile> input_files(const TrainConfig& config);  // all of them

// What has become of the files of a run; `changed` and `moved` are texts for the user. A setting that was recorded with
// no file at all, as in earlier runs, is not compared.
struct InputChanges {
  std::vector<std::string> changed;
  std::vector<std::string> moved;
  std::vector<std::string> same;  // settings all of whose files have the contents recorded
};
InputChanges compare_input_files(const std::vector<InputFile>& recorded, const std::vector<InputFile>& now);

// Throws IoError that names the way out if contents have changed and may not have.
void refuse_changed_inputs(const std::string& run, const InputChanges& changes, bool allowed);

// Makes the paths in entries absolute: plug-ins, offline data, and arguments of environments that begin with "." or
// "~". Relative ones are below base.
void make_paths_absolute(std::vector<SettingEntry>& entries, const std::filesystem::path& base);

}  // namespace softac

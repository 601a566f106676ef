// Settings by name: assign a value, read one back, list the names. Built on the visitor of config/settings.h.
#pragma once

#include <string>
#include <vector>

#include "config/setting_value.h"
#include "config/settings.h"

namespace softac {

// Names of all settings, in the visitor's order; env_kwargs not among them.
std::vector<std::string> setting_names();

// The setting that a spelling stands for ("net_arch.pi" is net_arch_actor); itself if it is no alias.
std::string canonical_setting_name(const std::string& key);

// Whether a setting is the learner's (SacConfig), not the run's.
bool is_learner_setting(const std::string& name);

// Assigns value to the setting `key`. Returns "" or what is wrong: an unknown key (with the nearest match) or a value
// of the wrong kind. Ranges are validate()'s.
std::string assign_setting(TrainConfig& config, const std::string& key, const SettingValue& value);

struct SettingText {
  SettingInfo info;
  std::string kind;   // "integer", "relu | tanh | elu | silu", …
  std::string value;  // in TOML
};

// Every setting of a configuration with its value as TOML text.
std::vector<SettingText> setting_texts(const TrainConfig& config);

}  // namespace softac

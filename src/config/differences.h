// In which settings two configurations differ, and what such a difference means for a run.
#pragma once

#include <string>
#include <vector>

#include "softac/config.h"
#include "softac/sac_settings.h"

namespace softac {

struct SettingDifference {
  std::string name;            // "tau", "env_kwargs.limit"
  std::string wanted, of_run;  // as in TOML; "its default" where an argument is not given
  SettingChange change = SettingChange::in_fork;

  std::string text() const { return name + " = " + wanted + ", the run has " + of_run; }
};

// In the order of the table of settings. A schedule that counts the planned updates is compared by their number, so
// that it does not change without a word with total_timesteps.
std::vector<SettingDifference> setting_differences(const TrainConfig& wanted, const TrainConfig& of_run);

}  // namespace softac

// The policy that a run saved, to be used again: its settings and the file that holds it.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "config/resolve.h"
#include "formats/safetensors.h"
#include "softac/agent.h"
#include "softac/evaluation.h"

namespace softac {

class SettingChecks;

// The settings of a run directory. env_plugins: in place of the run's, if any are given; env_kwargs: "NAME=VALUE" as in
// TOML, in place of the run's or in addition. Files that have changed since the run are notes. Throws IoError where it
// is no run directory or damaged, ConfigError.
RunConfig load_run_settings(const std::string& run_dir, const std::vector<std::string>& env_plugins,
                            const std::vector<std::string>& env_kwargs);

struct RunModel {
  Path path;
  TensorFile file;
  std::int64_t step = 0;   // environment steps behind it, 0 where the file does not say
  std::string state_hash;  // of its checkpoint; "" for the best
};

// The file of the chosen policy. Throws IoError (missing, damaged).
RunModel read_run_model(const std::string& run_dir, const ModelChoice& choice);

// Into an agent of the run's settings. Throws IoError where the tensors do not fit.
void load_run_model(const RunModel& model, SacAgent& agent);

// Adds a line where the run used another MuJoCo than this one.
void warn_of_mujoco(const RunModel& model, std::vector<std::string>& warnings);

void check_model_choice(const ModelChoice& choice, SettingChecks& checks);

}  // namespace softac

// Which runs can be resumed, and that they are resumed under their own settings.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "softac/config.h"

namespace softac {

// Settings in which the two differ, "key = a, the run has b" each. Those that never change a result (threads, backend,
// n_env_threads, max_time_sec) do not count; total_timesteps does only where `strict`.
std::vector<std::string> setting_differences(const TrainConfig& wanted, const TrainConfig& of_run, bool strict = false);

// Whether path is a run directory that got as far as its config.toml.
bool is_run(FileSystem& fs, const Path& path);

// The newest run below runs_root of the same environment, seed and settings that is not finished and that no process
// works on; "" if there is none.
std::string find_unfinished_run(FileSystem& fs, const std::string& runs_root, const TrainConfig& config);

}  // namespace softac

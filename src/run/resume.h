// Which runs can be resumed, and that they are resumed under their own settings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "config/differences.h"
#include "config/resolve.h"
#include "softac/config.h"

namespace softac {

// Settings in which `wanted` differs from a run's. A file in another place but with the contents of the run's changes
// nothing that is learnt, and with allow_changed no file counts as such a change. now: the files that `wanted` names.
std::vector<SettingDifference> run_differences(const TrainConfig& wanted, const ResolvedConfig& run,
                                               const std::vector<InputFile>& now, bool allow_changed = false);

// Throws ConfigError that names every difference which a run cannot resume with; `run` names it.
void refuse_on_resume(const std::string& run, const std::vector<SettingDifference>& differences);

// Whether path is a run directory that got as far as its config.toml.
bool is_run(FileSystem& fs, const Path& path);

// The newest run below runs_root that can resume with these settings, is not finished and that no process works on.
struct UnfinishedRun {
  std::string path;      // "" if there is none
  std::string finished;  // then the newest one of these settings that is finished; "" if there is none
};
UnfinishedRun find_unfinished_run(FileSystem& fs, const std::string& runs_root, const TrainConfig& config);

// One line of resumptions.jsonl: when and from where a run was resumed, by what, and what changed with it.
struct Resumption {
  double wall_time_sec = 0.0;
  std::int64_t step = 0;
  std::string checkpoint;  // its name; "" = from the beginning
  std::string command, backend;
  int threads = 0;
  std::vector<SettingDifference> changed;
  std::vector<std::string> changed_files;  // as compare_input_files says them
};
// Throws DiskError, IoError.
void record_resumption(FileSystem& fs, const Path& run_dir, const Resumption& resumption);

}  // namespace softac

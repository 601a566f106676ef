// The run directory: its name, its first files, and status.json.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/file_system.h"
#include "softac/config.h"

namespace softac {

constexpr const char* kRunLockName = ".lock";

// Throws IoError unless `path` is the folder of a run: one with config.toml.
void require_run_dir(FileSystem& fs, const Path& path);

// Takes the lock of a run. Whoever only looks whether it is held is in the way for a moment: that is waited for. Throws
// LockHeldError, DiskError.
std::unique_ptr<FileLock> lock_run(FileSystem& fs, const Path& run_dir);

class RunDir {
 public:
  // path: the folder itself, or "" for <runs_root>/<env>/sac/<YYYYmmdd-HHMMSS>_s<seed> (local time; ".2" … where that
  // exists or another process takes it at the same moment). Makes it with eval/, checkpoints/, best/ and replay/.
  // Throws ConfigError if `path` holds anything, IoError if another process has it, DiskError.
  RunDir(FileSystem& fs, const std::string& path, const std::string& runs_root, const TrainConfig& config,
         double wall_time_sec);

  // The folder of a run that resumes. Throws IoError if another process has it, DiskError.
  RunDir(FileSystem& fs, const std::string& path);

  const Path& path() const { return path_; }
  Path operator/(const char* name) const { return path_ / name; }

  void write_text(const char* name, const std::string& text);

  // state: running, finished, stopped or failed. From any thread.
  void write_status(const std::string& state, const std::string& reason, const std::string& message, std::int64_t step,
                    std::int64_t total_timesteps, double wall_time_sec);

 private:
  void take(const std::string& path);
  void make_new(const Path& parent, const std::string& name);

  FileSystem& fs_;
  Path path_;
  std::unique_ptr<FileLock> lock_;
  std::mutex status_mutex_;
};

// The folder of an environment's runs: its id, which can hold a namespace ("ALE/Pong"), as one name.
std::string run_folder_name(std::string env_id);

// "2026-01-31T12:34:56Z"
std::string utc_text(double wall_time_sec);

// Seconds since the epoch.
double wall_time();

}  // namespace softac

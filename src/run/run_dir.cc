#include "run/run_dir.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <thread>

#include "base/atomic_file.h"
#include "base/json.h"
#include "run/replay_log.h"
#include "softac/error.h"

namespace softac {

namespace {

std::string time_text(double wall_time_sec, const char* format, bool utc) {
  const auto seconds = static_cast<std::time_t>(std::floor(wall_time_sec));
  std::tm parts{};
  if (utc) {
    gmtime_r(&seconds, &parts);
  } else {
    localtime_r(&seconds, &parts);
  }
  char text[64];
  return {text, std::strftime(text, sizeof(text), format, &parts)};
}

bool has_only_segments(FileSystem& fs, const Path& path) {
  if (!fs.is_directory(path)) return false;
  const std::vector<std::string> names = fs.list(path);
  return std::ranges::all_of(names, [](const std::string& name) { return segment_number(name).has_value(); });
}

// Whether a folder holds no more than a run leaves that is ended before its first file is complete.
bool is_fresh(FileSystem& fs, const Path& path) {
  if (fs.exists(path / "config.toml")) return false;
  for (const std::string& name : fs.list(path)) {
    if (name == kRunLockName || name == "config.toml.tmp" || name == "provenance.json" || name == "provenance.json.tmp")
      continue;
    if (name == "replay" && has_only_segments(fs, path / name)) continue;  // of a fork
    const bool known = name == "eval" || name == "checkpoints" || name == "best" || name == "replay";
    if (!known || !fs.is_directory(path / name) || !fs.list(path / name).empty()) return false;
  }
  return true;
}

}  // namespace

std::string run_folder_name(std::string env_id) {
  for (char& c : env_id) {
    if (c == '/') c = '_';
  }
  return env_id;
}

std::string utc_text(double wall_time_sec) {
  return time_text(wall_time_sec, "%Y-%m-%dT%H:%M:%SZ", true);
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void require_run_dir(FileSystem& fs, const Path& path) {
  const FileKind kind = fs.kind(path);
  if (kind == FileKind::missing) throw IoError(path.string() + ": no such run directory");
  if (kind != FileKind::directory || fs.kind(path / "config.toml") != FileKind::file)
    throw IoError(path.string() + ": not a run directory, which is a folder with config.toml as softac train makes it");
}

std::unique_ptr<FileLock> lock_run(FileSystem& fs, const Path& run_dir) {
  constexpr int kTries = 25;
  for (int attempt = 1;; ++attempt) {
    try {
      return fs.lock(run_dir / kRunLockName);
    } catch (const LockHeldError&) {
      if (attempt == kTries) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

RunDir::RunDir(FileSystem& fs, const std::string& path, const std::string& runs_root, const TrainConfig& config,
               double wall_time_sec)
    : fs_(fs) {
  path.empty() ? make_new(Path(runs_root) / run_folder_name(config.env_id) / "sac",
                          time_text(wall_time_sec, "%Y%m%d-%H%M%S", false) + "_s" + std::to_string(config.seed))
               : take(path);
  for (const char* name : {"eval", "checkpoints", "best", "replay"}) fs.make_directories(path_ / name);
}

// The folder that the user names.
void RunDir::take(const std::string& path) {
  path_ = path;
  const FileKind kind = fs_.kind(path_);
  if (kind != FileKind::missing && kind != FileKind::directory)
    throw ConfigError("run directory " + path + ": exists and is not a folder");
  if (kind == FileKind::directory && !is_fresh(fs_, path_)) {
    const std::vector<std::string> names = fs_.list(path_);
    throw ConfigError("run directory " + path + ": must be new or empty, found '" +
                      (names[0] == kRunLockName ? names[1] : names[0]) + "' in it" +
                      (fs_.exists(path_ / "config.toml") ? "; --resume auto resumes a run" : ""));
  }
  fs_.make_directories(path_);
  lock_ = fs_.lock(path_ / kRunLockName);
}

// A folder of its own, whatever other runs of the same name start at the same moment: a name belongs to the run that
// has the lock on a folder in which nothing is yet.
void RunDir::make_new(const Path& parent, const std::string& name) {
  for (int k = 1;; ++k) {
    path_ = parent / (k == 1 ? name : name + "." + std::to_string(k));
    if (fs_.exists(path_)) continue;
    fs_.make_directories(path_);
    try {
      lock_ = fs_.lock(path_ / kRunLockName);
    } catch (const LockHeldError&) {
      continue;
    }
    if (is_fresh(fs_, path_)) return;
    lock_.reset();
  }
}

RunDir::RunDir(FileSystem& fs, const std::string& path) : fs_(fs), path_(path), lock_(lock_run(fs, path_)) {
  for (const char* name : {"eval", "checkpoints", "best", "replay"}) fs.make_directories(path_ / name);
}

void RunDir::write_text(const char* name, const std::string& text) {
  write_file_atomic(fs_, path_ / name, text);
}

void RunDir::write_status(const std::string& state, const std::string& reason, const std::string& message,
                          std::int64_t step, std::int64_t total_timesteps, double wall_time_sec) {
  const Json out = {{"state", state},
                    {"reason", reason},
                    {"message", message},
                    {"step", step},
                    {"total_timesteps", total_timesteps},
                    {"updated", utc_text(wall_time_sec)}};
  const std::lock_guard guard(status_mutex_);
  write_text("status.json", out.dump(2) + "\n");
}

}  // namespace softac

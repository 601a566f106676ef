// A fork: a new run that begins at another run's checkpoint, replay included, with other settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "config/differences.h"
#include "softac/evaluation.h"

namespace softac {

// Where a forked run came from, as its provenance.json says under "parent".
struct ForkParent {
  std::string run_dir;  // absolute
  std::string checkpoint;
  std::int64_t step = 0;
  std::string state_hash;
  std::vector<SettingDifference> changed;
};
Json to_json(const ForkParent& parent);

// The parent of a run directory; nothing where it is no fork. Throws IoError if provenance.json is damaged.
std::optional<ForkParent> read_fork_parent(FileSystem& fs, const Path& run_dir);

// Throws ConfigError that names every setting with which the parent's checkpoints are of no use.
void refuse_in_fork(const std::string& parent, const std::vector<SettingDifference>& differences);

// The newest checkpoint that is intact to the last byte, or that of a step. Throws IoError.
CheckpointInfo choose_fork_checkpoint(FileSystem& fs, const Path& parent, std::optional<std::int64_t> step);

// The same checkpoint again. Throws IoError where it is gone.
CheckpointInfo find_fork_checkpoint(FileSystem& fs, const ForkParent& parent);

// Copies the replay segments that a checkpoint names, in place of all that are in replay_dir. They are on the device
// when it returns. Throws IoError where one
// is not as the manifest says, DiskError.
void copy_segments(FileSystem& fs, const CheckpointInfo& checkpoint, const Path& replay_dir);

}  // namespace softac

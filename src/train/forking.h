// The state that a fork begins with (run/fork.h).
#pragma once

#include <string>
#include <vector>

#include "config/differences.h"
#include "run/fork.h"
#include "run/replay_log.h"
#include "train/training.h"

namespace softac {

// Sets `training`, a new run of the fork's settings, to what the parent's checkpoint holds. Episodes and counters go
// on; evaluations, the row of metrics, time and rollbacks begin anew, and so does α where ent_coef differs. The
// replay's segments are the parent's until they are copied (run/fork.h). replay_log: nullptr where the fork's
// checkpoints will hold no replay. Adds to `notes` what the user should know. Throws ConfigError that names the
// settings where the checkpoint does not fit them; IoError.
void begin_fork(FileSystem& fs, const CheckpointInfo& checkpoint, const std::vector<SettingDifference>& differences,
                Training& training, ReplayLog* replay_log, std::vector<std::string>& notes);

}  // namespace softac

// What a checkpoint holds, copied while training waits and written while it continues; and how it is restored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "formats/safetensors.h"
#include "run/checkpoint.h"
#include "run/replay_log.h"
#include "run/run_state.h"
#include "train/best_model.h"
#include "train/training.h"

namespace softac {

struct Snapshot {
  TensorFile model, optimizer;
  std::string state;                   // state.json
  std::vector<std::byte> envs, rings;  // rings: empty where checkpoints hold no replay
  std::vector<std::shared_ptr<ReplaySegment>> segments;
  std::int64_t step = 0;
  std::uint64_t state_hash = 0;
  std::shared_ptr<const BestModel> best;  // nullptr: not kept
  KeepRule keep;
  std::vector<Path> records;  // to be on the device before the checkpoint that counts on them
};

// All but segments, rings, best and records.
Snapshot take_snapshot(Training& training, const RunState& state);

// Returns the name of the checkpoint. Throws NumericsError, before it writes, on a tensor that is not finite;
// DiskError, IoError.
std::string write_snapshot(FileSystem& fs, const Path& run_dir, const Snapshot& snapshot);

// Sets `training` to what the checkpoint holds; replay_log: nullptr where the run's own will hold no replay. The
// segments are read from replay_dir. Adds to `notes` what the user should know. Throws IoError.
RunState load_checkpoint(FileSystem& fs, const Path& replay_dir, const CheckpointInfo& info, Training& training,
                         ReplayLog* replay_log, std::vector<std::string>& notes);

// About what the checkpoints that are kept and their replay take on disk at the end.
std::uint64_t checkpoint_bytes(Training& training);

}  // namespace softac

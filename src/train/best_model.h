// best/: the networks of the best evaluation so far, one file replaced atomically; the manifest beside it repeats what
// its header says, with its sum. A run that may roll back keeps them in its checkpoints as well, so that best/ can roll
// back with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "softac/agent.h"
#include "softac/evaluation.h"

namespace softac {

constexpr const char* kBestInCheckpoint = "best.safetensors";

struct BestModel {
  std::vector<std::byte> bytes;  // of model.safetensors
  std::int64_t step = 0;
  double mean_return = 0.0;
  std::int64_t num_episodes = 0;
};

// The networks now, which `stats` is of.
BestModel make_best(const std::vector<TensorRef>& tensors, std::map<std::string, std::string> metadata,
                    const EvalStats& stats);
// Throw DiskError, IoError.
void write_best(FileSystem& fs, const Path& dir, const BestModel& best);
void remove_best(FileSystem& fs, const Path& dir);
// From a checkpoint's file, which does not hold the return and the episodes: they are the caller's.
BestModel read_best(FileSystem& fs, const Path& file);

}  // namespace softac

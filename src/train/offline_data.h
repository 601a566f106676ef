// Recorded data that a run learns from beside its own replay (settings offline_data and offline_ratio).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "replay/replay_buffer.h"
#include "softac/config.h"
#include "softac/env.h"
#include "train/dataset.h"

namespace softac {

struct OfflineData {
  DatasetShape shape;
  ReplayBuffer replay;  // all of it, in one ring; nothing is ever added or dropped
  std::string summary;  // a line for people
  std::string warning;  // "" or what is odd about it
};

// The data that the settings name, as the learner has transitions: actions in [−1, 1]^A, float32; nullptr where they
// name none. `online`: the run's own replay, which says how windows are made and takes its part of memory_limit.
// Throws IoError that names the episode and the numbers where the data are damaged, of other sizes than the
// environment's, not finite, or have actions that the environment does not take; MemoryError.
std::unique_ptr<OfflineData> load_offline_data(const TrainConfig& config, const EnvSpec& spec,
                                               const ReplayBuffer& online, std::uint64_t memory_limit);

}  // namespace softac

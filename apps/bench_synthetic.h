// Made-up data for measurements: a replay memory filled to a given number of transitions.
#pragma once

#include <cstdint>
#include <memory>

#include "bench.h"
#include "replay/replay_buffer.h"
#include "softac/sac_config.h"

namespace softac::app {

// The learner's settings at this shape: two layers of the hidden width, everything else at its default.
inline SacConfig config_of(const Shape& shape) {
  SacConfig config;
  config.net_arch = {shape.hidden, shape.hidden};
  config.batch_size = shape.batch_size;
  return config;
}

// A memory of `transitions` normal observations, uniform actions and normal rewards, in episodes of 1,000 steps. Its
// buffer_size leaves room for the episodes' ends. Throws MemoryError if it does not fit.
std::unique_ptr<ReplayBuffer> filled_replay(int obs_dim, int act_dim, std::int64_t transitions);

// Transitions that make a memory about this large, at most 1,000,000.
std::int64_t transitions_for_bytes(int obs_dim, int act_dim, std::int64_t bytes);

}  // namespace softac::app

// Batches for the learner: transitions drawn uniformly from the replay.
#pragma once

#include <cstdint>

#include "replay/replay_buffer.h"
#include "softac/rng.h"

namespace softac {

class Sampler {
 public:
  // Draws from (seed, sample).
  Sampler(ReplayBuffer& replay, std::uint64_t seed) : replay_(replay), rng_(seed, StreamKind::sample) {}

  bool empty() const { return replay_.num_transitions() == 0; }
  void fill(const BatchView<float>& batch) { replay_.sample(rng_, batch); }  // not while empty

  Rng& rng() { return rng_; }
  const Rng& rng() const { return rng_; }

 private:
  ReplayBuffer& replay_;
  Rng rng_;
};

}  // namespace softac

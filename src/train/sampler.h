// Batches for the learner: transitions drawn uniformly from the replay.
#pragma once

#include <cstdint>
#include <optional>

#include "replay/replay_buffer.h"
#include "softac/learner.h"
#include "softac/rng.h"

namespace softac {

class Sampler {
 public:
  // Draws from (seed, sample).
  Sampler(ReplayBuffer& replay, std::uint64_t seed) : replay_(replay), rng_(seed, StreamKind::sample) {}

  bool empty() const { return replay_.num_transitions() == 0; }
  void fill(const BatchView<float>& batch) { fill(batch, rng_); }  // not while empty
  void fill(const BatchView<float>& batch, Rng& rng);              // drawn by another generator

  // From the next batch on; nothing: as stored. Throws ContractError on sizes that are not the replay's, and on numbers
  // that are no statistics.
  void set_normalisation(std::optional<BatchNormalisation> normalisation);

  const std::optional<BatchNormalisation>& normalisation() const { return normalisation_; }

  Rng& rng() { return rng_; }
  const Rng& rng() const { return rng_; }

 private:
  void normalise(const Panels<float>& x) const;

  ReplayBuffer& replay_;
  Rng rng_;
  std::optional<BatchNormalisation> normalisation_;
};

}  // namespace softac

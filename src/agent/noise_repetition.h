// Noise that is held while acting (FlashSAC; docs/math.md): the noise of an action stays the same for n steps, n drawn
// with P(n) ∝ n^−exponent for n = 1 … max, while mean and standard deviation are those of the present state. To hold it
// a generator goes back to where the noise was drawn.
#pragma once

#include <cstdint>
#include <vector>

#include "softac/rng.h"
#include "softac/sac_config.h"

namespace softac {

// How far a stream (an environment) is. The lengths of all streams are one sequence, so that streams that act together
// hold their noise together.
struct NoiseRun {
  std::uint64_t start = 0;   // of its generator, before the noise was drawn
  std::uint64_t number = 0;  // runs that began
  std::uint64_t left = 0;    // steps of the present run to come
  friend bool operator==(const NoiseRun&, const NoiseRun&) = default;
};

class NoiseRepetition {
 public:
  NoiseRepetition(const SacConfig& config, std::uint64_t seed, std::size_t streams);

  bool on() const { return cumulative_.size() > 1; }
  // Before a stream acts with noise: brings its generator to where the noise comes from. Nothing unless on().
  void prepare(std::size_t stream, Rng& noise);
  // Ends all runs: the next noise of each stream is fresh.
  void end_runs();

  // n of a run from u in [0, 1).
  std::uint64_t length(double u) const;

  std::vector<NoiseRun>& runs() { return runs_; }  // (streams); empty unless on()
  const std::vector<NoiseRun>& runs() const { return runs_; }

 private:
  std::uint64_t seed_;
  std::vector<double> cumulative_;  // P(length ≤ n), n = 1 …
  std::vector<NoiseRun> runs_;
};

}  // namespace softac

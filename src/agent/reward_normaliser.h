// Running normalisation of rewards: r/c where an update reads them, with c from the discounted returns of every stream
// of training, of that moment. Replay keeps raw rewards; they are never centred. Statistics are training state, in
// double and in one order.
//
// G ← γ(1 − done) G + r with each transition, done its own flag: the last reward of an episode begins the next one's G.
//   return_std           c = std(G) + 1e-8; mean and variance from count 0 (XQC)
//   return_std_bounded   c = max(√(var(G) + 1e-8), max |G| / norm_reward_max); from mean 0, variance 1, count 1e-4
//                        (SimbaV2, FlashSAC)
#pragma once

#include <vector>

#include "softac/sac_config.h"

namespace softac {

class RewardNormaliser {
 public:
  explicit RewardNormaliser(const SacConfig& config);

  // One transition of a stream, 0 … num_streams − 1. done: terminated or truncated.
  void observe(int stream, double reward, bool done);
  // An episode of the stream ended without a last transition that says so.
  void end_episode(int stream) { returns[stream] = 0.0; }

  double scale() const;  // c

  std::vector<double> returns;  // G of each stream
  double mean = 0.0, variance = 1.0, count, largest = 0.0;

 private:
  double gamma_;
  double bound_;  // 0: none
};

}  // namespace softac

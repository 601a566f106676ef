// What enters the replay, whoever steps the environments.
#pragma once

#include <cstdint>
#include <span>

#include "replay/replay_buffer.h"
#include "softac/learner.h"

namespace softac {

// A step of N environments that reset themselves; rows are environments.
struct VectorStep {
  std::span<const float> obs;                           // (N, O) acted on
  std::span<const float> actions;                       // (N, A)
  std::span<const float> reward;                        // (N)
  std::span<const float> next_obs;                      // (N, O) true successors, also where an episode ended
  std::span<const std::uint8_t> terminated, truncated;  // (N)
  std::span<const std::uint8_t> failed;                 // (N) 1: nothing of this row is to be stored
};

class Experience {
 public:
  explicit Experience(ReplayBuffer& replay) : replay_(replay) {}

  // A row that failed is not stored, and the transition before it counts as truncated: an environment that failed
  // starts a new episode. Does not allocate.
  void add(const VectorStep& step);
  // Within an episode obs is the last next_obs of the stream; where it is not, the transition before counts as
  // truncated, and false is returned.
  bool add(int stream, const Transition& t) {
    return replay_.add(stream, t.obs, t.action, t.reward, t.next_obs, t.terminated, t.truncated);
  }

 private:
  ReplayBuffer& replay_;
};

}  // namespace softac

// An episode of recorded data, as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace softac {

struct DataEpisode {
  std::string name;                            // "episode_3": what messages call it
  std::int64_t steps = 0;                      // n ≥ 1
  std::vector<double> obs, actions, rewards;   // (n + 1, O), (n, A), (n)
  bool terminated = false, truncated = false;  // after the last step; neither: it was cut off there
};

}  // namespace softac

// Replay segments read as what they are to somebody without their run: episodes of whatever shape the files have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace softac {

// Part of an episode, or all of it: consecutive transitions.
struct SegmentEpisode {
  int env = 0;
  std::int64_t first = 0;                      // number of its first record
  std::int64_t steps = 0;                      // n ≥ 1
  std::vector<float> obs, actions, rewards;    // (n + 1, O), (n, A) in [−1, 1] as the policy gave them, (n)
  bool terminated = false, truncated = false;  // after the last step; neither: what follows it is not there
};

class SegmentEpisodes {
 public:
  // A further segment, in the order in which they were written: where two hold the same record the later one counts,
  // and what the earlier one had behind the later one's last is dropped. Throws IoError where the bytes are damaged,
  // of a newer version, of another shape than the segments before, or hold what no replay can. `source` names the file.
  void add(std::span<const std::byte> segment, const std::string& source);

  // 0 before the first segment.
  int obs_dim() const { return obs_dim_; }
  int act_dim() const { return act_dim_; }

  // All episodes, environment by environment, oldest first; the object is reused. A transition whose successor is in no
  // segment is left out. Throws IoError where flags contradict one another or a number is not finite.
  void for_each(const std::function<void(const SegmentEpisode&)>& visit) const;

 private:
  struct Run {  // records without a gap
    std::int64_t first = 0;
    std::vector<float> words;
  };
  void put(std::size_t env, std::int64_t first, std::span<const std::byte> records, const std::string& source);
  void visit_run(int env, const Run& run, const std::function<void(const SegmentEpisode&)>& visit) const;

  int obs_dim_ = 0, act_dim_ = 0;
  std::string source_;                  // of the first segment
  std::vector<std::vector<Run>> runs_;  // of each environment
};

}  // namespace softac

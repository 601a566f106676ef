// state.json of a checkpoint: the counters, generator positions, statistics and log positions of a run. With the
// networks, the moments, the environments and the replay it is all that a run needs to resume exactly where
// it stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/noise_repetition.h"
#include "softac/agent.h"
#include "softac/schedule.h"

namespace softac {

// How far each record had come; what is behind it is cut off when the run resumes, so that no row appears twice.
struct RecordPositions {
  std::uint64_t progress_rows = 0;
  std::uint64_t metrics_bytes = 0;
  std::uint64_t monitor_bytes = 0;
  std::uint64_t evaluations = 0;
  std::string tensorboard_file;  // "" without one
  std::uint64_t tensorboard_bytes = 0;
};

struct RunState {
  std::int64_t step = 0;
  std::int64_t num_vector_steps = 0;
  std::int64_t update_from = 0;    // no update before this many steps: a replay that was not kept fills up first
  std::int64_t num_rollbacks = 0;  // times that the run went back to a checkpoint after a number was not finite
  double elapsed_sec = 0.0;
  SacAgent::Counters agent;
  std::uint64_t sample_position = 0;
  std::uint64_t offline_position = 0;                          // 0 where nothing was drawn from recorded data
  std::vector<std::uint64_t> act_positions, warmup_positions;  // (n_envs)
  std::vector<NoiseRun> noise_runs;                            // (n_envs) with noise_repeat_max > 1, else none
  std::int64_t num_episodes = 0;
  std::vector<double> episode_returns, episode_lengths;  // the ring of an EpisodeWindow
  UpdateMetrics update_sum;                              // of the updates since the last row of metrics
  std::int64_t update_count = 0;
  std::int64_t actor_update_count = 0;  // of those with an actor step
  UpdateMetrics last_update;            // the actor's and the temperature's numbers: of the last actor step
  std::optional<double> best_eval_return;
  std::int64_t last_eval_step = -1;  // −1 = none yet
  std::vector<double> last_eval_returns;
  std::vector<std::int64_t> last_eval_lengths;
  Due due;  // of the last vector step
  bool envs_can_save_state = true;
  std::string mujoco_version, softac_version;
  RecordPositions records;
};

// Written is 2 where nothing is due and no noise is held, 3 where no noise is: what an earlier softac, which knows no
// Due or no held noise, resumes exactly too.
constexpr int kRunStateFormat = 4;
constexpr std::uint64_t kMaxRunStateBytes = 1 << 26;

std::string to_json(const RunState& state);

// Throws IoError if the text is damaged, of a newer format or holds what no run can have written; `source` names the
// file.
RunState parse_run_state(std::string_view text, const std::string& source);

}  // namespace softac

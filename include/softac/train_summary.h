// Where a training run stands, for observers.
#pragma once

#include <cstdint>

#include "softac/agent.h"
#include "softac/evaluation.h"

namespace softac {

// A view of the run for observers; valid during the call only.
struct TrainSummary {
  std::int64_t step = 0;  // environment steps so far
  std::int64_t total_timesteps = 0;
  std::int64_t num_updates = 0;
  std::int64_t num_episodes = 0;  // ended so far
  double elapsed_sec = 0.0;       // in run(), that of the processes before this one included
  double steps_per_sec = 0.0;     // mean of this process, as Stable-Baselines3's time/fps
  // Of the last ten seconds between evaluations, diagnoses and checkpoints, or since the updates began if that was
  // later; NaN while not known.
  double recent_steps_per_sec = 0.0;
  // At that pace, with as long pauses as before for what comes between; NaN before the updates, which slow a run down,
  // have begun.
  double left_sec = 0.0;
  double ep_return_mean = 0.0;  // last 100 episodes; NaN before the first has ended
  double ep_length_mean = 0.0;
  double last_ep_return = 0.0;           // NaN before the first has ended
  UpdateMetrics update;                  // last update (the actor's numbers: last actor step); zeros before the first
  const EvalStats* last_eval = nullptr;  // nullptr before the first
  double best_eval_return = 0.0;         // NaN before the first
};

}  // namespace softac

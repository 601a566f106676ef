// Episodes of a run's policy, one after the other, for somebody who watches.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "softac/env.h"
#include "softac/evaluation.h"

namespace softac {

// One state of an episode: its start, and each that a step led to.
struct PlayState {
  const Env& env;
  std::span<const double> obs;           // (O)
  std::span<const double> action;        // (A) in the environment's units; empty at the start
  std::span<const float> policy_action;  // (A) as the policy gave it, in [−1, 1]; empty at the start
  int episode = 0;                       // from 0
  std::int64_t step = 0;                 // of the episode
  double episode_return = 0.0;
  float reward = 0.0f;  // of the step that led here
  bool ended = false;
  bool terminated = false;  // by the task; else an episode that has ended was truncated
};

enum class PlayAnswer {
  proceed,
  restart,  // another episode in place of this one, which does not count
  stop,     // no further step or episode
};

class PlayWatcher {
 public:
  virtual ~PlayWatcher() = default;
  // Before the first episode, with the environment that is played.
  virtual void on_open(const Env&, const EvalStats& /*known*/) {}
  virtual PlayAnswer on_state(const PlayState&) { return PlayAnswer::proceed; }
};

// The episodes that evaluate_run counts with the same options, in the order of its returns; fewer after stop. Throws as
// evaluate_run does, and what the watcher throws.
EvalStats play_run(const std::string& run_dir, const EvaluateOptions& options, PlayWatcher& watcher);

}  // namespace softac

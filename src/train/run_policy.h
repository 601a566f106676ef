// A policy of a run directory, ready to act: what evaluating and playing begin with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "formats/safetensors.h"
#include "softac/agent.h"
#include "softac/config.h"
#include "softac/evaluation.h"

namespace softac {

struct RunModel {
  Path path;
  TensorFile file;
  std::int64_t step = 0;   // environment steps behind it, 0 where the file does not say
  std::string state_hash;  // of its checkpoint; "" for the best
};

struct RunPolicy {
  TrainConfig config;  // the run's, with what the options change
  RunModel model;
  std::vector<std::string> warnings;  // e.g. another MuJoCo version than the run's

  // The networks, for an environment of the run.
  std::unique_ptr<SacAgent> make_agent(const EnvSpec& spec, const EvaluateOptions& options) const;
  // What is known before the first episode.
  EvalStats begin_stats() const;
};

// Throws ConfigError (options, all at once; the run's settings), IoError (no run, no checkpoint, damaged). Files that
// have changed since the run are warnings.
RunPolicy read_run_policy(const std::string& run_dir, const EvaluateOptions& options);

}  // namespace softac

// Tries an environment out against the contract of softac/env.h; the logic of `softac env check`.
#pragma once

#include <string>
#include <vector>

#include "base/stop_request.h"
#include "softac/env.h"

namespace softac {

enum class Severity {
  note,     // worth knowing
  warning,  // learning may suffer
  error,    // breaks the contract
};

struct EnvFinding {
  Severity severity;
  std::string check;  // which check: "spec", "reset", "step", "determinism", "isolation", "state", "scale"
  std::string message;
};

struct EnvReport {
  std::string id;
  std::vector<EnvFinding> findings;
  int steps = 0;             // steps tried with random actions
  int episodes = 0;          // episodes that ended within them, time limit included
  double mean_reward = 0.0;  // per step
  bool ok() const;           // no error among the findings
};

// Runs `steps` (≥ 1) random steps and every check on fresh instances. Throws ConfigError or IoError if the environment
// cannot be made at all; what it does afterwards, exceptions included, becomes findings. Throws StoppedError.
EnvReport check_env(const std::string& id, const EnvKwargs& kwargs = {}, int steps = 2000,
                    const StopRequest& stop = {});

// id, family, sizes, bounds, time limit, threshold and arguments as text for people. Makes an instance (errors as
// make_env).
std::string describe_env(const std::string& id, const EnvKwargs& kwargs = {});

}  // namespace softac

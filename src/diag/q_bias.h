// Bias of the critics: their values against Monte-Carlo soft returns of the policy that they belong to (Chen et al.,
// arXiv 2101.05982, normalise it in the same way).
//
// kEnvs separate environments take kSteps steps each, always from the same start states, with actions drawn from the
// policy: few, since a step of a simulator costs a twentieth of an update of small networks. Where the recording stops,
// or an episode is cut off, the return ends with the target critics' soft value (the critics' own where they have no
// targets), the mean over kFinalActions actions. So that this counts for little, only steps are compared that are at
// least H before the end of the recording and before the time limit, γ^H ≤ kFinalWeight; H is at most half of either.
// Which steps those are depends on the clock alone: choosing episodes that end early would itself be a bias.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/stop_request.h"
#include "diag/soft_returns.h"
#include "softac/config.h"
#include "softac/vec_env.h"

namespace softac {

struct QBiasEstimate {
  std::int64_t pairs = 0;        // state–action pairs compared
  double mean = 0.0, std = 0.0;  // of min_i Q_i(s, a) − G
  double mean_return = 0.0;      // of G
  double final_weight = 0.0;  // mean γ^k that the target critics' value entered with (0 where termination came first)
};

class QBias {
 public:
  static constexpr int kEnvs = 1, kSteps = 420, kFinalActions = 16;
  static constexpr double kFinalWeight = 0.1;

  QBias(const TrainConfig& config, std::function<void(const std::string&)> on_timeout = {});

  // Throws EnvError; NumericsError if an action is not finite; StoppedError. pairs = 0 and NaNs where no step can be
  // compared.
  QBiasEstimate run(SoftValues& learner, Rng noise, const StopRequest& stop = {});

 private:
  double gamma_, reward_scale_;
  std::unique_ptr<VecEnv> envs_;
  std::vector<std::byte> start_;  // the environments before their first step
};

// H: steps until γ^H ≤ kFinalWeight, at most half of the recording and of the time limit (0 = none).
int final_distance(double gamma, int max_episode_steps);

}  // namespace softac

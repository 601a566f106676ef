#include "train/experience.h"

#include "softac/error.h"

namespace softac {

void Experience::add(const VectorStep& step) {
  const ReplayShape& shape = replay_.shape();
  const std::size_t n = shape.num_envs, obs_dim = shape.obs_dim, act_dim = shape.act_dim;
  SOFTAC_REQUIRE(step.obs.size() == n * obs_dim && step.next_obs.size() == n * obs_dim, step.obs.size(),
                 step.next_obs.size(), n, obs_dim);
  SOFTAC_REQUIRE(step.actions.size() == n * act_dim, step.actions.size(), n, act_dim);
  SOFTAC_REQUIRE(
      step.reward.size() == n && step.terminated.size() == n && step.truncated.size() == n && step.failed.size() == n,
      step.reward.size(), step.terminated.size(), step.truncated.size(), step.failed.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    const int env = static_cast<int>(i);
    if (step.failed[i] != 0) {
      replay_.end_episode(env);
      continue;
    }
    add(env, {step.obs.subspan(i * obs_dim, obs_dim), step.actions.subspan(i * act_dim, act_dim), step.reward[i],
              step.next_obs.subspan(i * obs_dim, obs_dim), step.terminated[i] != 0, step.truncated[i] != 0});
  }
}

}  // namespace softac

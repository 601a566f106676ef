// Signs that a run cannot learn, in its settings and in what its first steps show: each is said once, with the setting
// to look at. Nothing of the run depends on them, and no checkpoint keeps them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "softac/agent.h"
#include "softac/config.h"
#include "softac/vec_env.h"

namespace softac {

class Doubts {
 public:
  // say: to the log and the observers.
  Doubts(const TrainConfig& config, const SacAgent& agent, std::function<void(const std::string&)> say);

  // What the settings alone show.
  void of_settings();
  // After every vector step. actions: (N, A), what was done in it; random: not by the policy. Does not allocate unless
  // it has something to say.
  void of_step(const VecEnv& envs, std::span<const float> actions, bool random);

  // "; largest observation 3e+12, largest reward 5 so far": for the message of a number that is not finite. "" before
  // the first step.
  std::string largest() const;

 private:
  enum Kind { big_obs, big_reward, same_obs, same_reward, saturated, support, num_kinds };
  void once(Kind kind, const std::string& text);
  void of_sizes(const VecEnv& envs);
  void of_variety(const VecEnv& envs);
  void of_saturation(std::span<const float> actions);
  void of_support(const VecEnv& envs);

  const TrainConfig& config_;
  const SacAgent& agent_;
  std::function<void(const std::string&)> say_;
  bool said_[num_kinds] = {};
  std::int64_t steps_ = 0;  // environment steps seen
  float largest_obs_ = 0.0f, largest_reward_ = 0.0f;
  std::vector<float> first_obs_;  // (N, O) after the first step
  float first_reward_ = 0.0f;
  bool obs_vary_ = false, rewards_vary_ = false;
  double rewards_ = 0.0;                           // sum of the rewards seen
  std::int64_t ends_ = 0;                          // of episodes
  std::int64_t policy_steps_ = 0, saturated_ = 0;  // of the present window: environment steps, action components
};

}  // namespace softac

#include "train/doubts.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "base/text.h"
#include "config/planned_updates.h"

namespace softac {
namespace {

constexpr float kBigObs = 1e4f;
constexpr double kBigReward = 1e3;
constexpr std::int64_t kVarietySteps = 1'000;  // by then observations and rewards should have varied
constexpr std::int64_t kSaturationSteps = 10'000;
constexpr double kSaturatedShare = 0.95;  // of the action components in as many steps
constexpr float kBound = 0.99f;

std::string short_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

// As whole numbers sizes compare like the floats, and the loop over them is vectorised.
float largest_size(std::span<const float> values) {
  std::uint32_t most = 0;
  for (const float x : values) most = std::max(most, std::bit_cast<std::uint32_t>(x) & 0x7fffffffu);
  return std::bit_cast<float>(most);
}

// Why a run of these settings makes no update.
std::string without_updates(const TrainConfig& config) {
  if (updates_per_phase(config) == 0) return "gradient_steps = 0";
  const std::int64_t first = first_update_after(config);
  const std::string key = config.update_after < 0 ? "learning_starts" : "update_after";
  if (first + config.n_envs > config.total_timesteps)
    return key + " = " + std::to_string(first) + " leaves none of the " + std::to_string(config.total_timesteps) +
           " steps (total_timesteps)";
  return "train_freq = " + std::to_string(config.train_freq) + " vector steps are not reached";
}

// The largest entropy that the policy can have.
double most_entropy(const SacConfig& config, int act_dim) {
  if (config.num_actions > 0) return std::log(config.num_actions);
  if (config.policy == PolicyKind::squashed_gaussian) return act_dim * std::numbers::ln2;  // uniform on [−1, 1]^A
  return act_dim * (0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e) + config.log_std_max);
}

}  // namespace

Doubts::Doubts(const TrainConfig& config, const SacAgent& agent, std::function<void(const std::string&)> say)
    : config_(config), agent_(agent), say_(std::move(say)) {}

void Doubts::once(Kind kind, const std::string& text) {
  if (said_[kind]) return;
  said_[kind] = true;
  say_("warning: " + text);
}

void Doubts::of_settings() {
  if (planned_updates(config_) == 0)
    say_("warning: this run makes no update and learns nothing: " + without_updates(config_));
  const SacConfig& sac = agent_.config();
  const double most = most_entropy(sac, agent_.act_dim());
  if (sac.ent_coef_auto && agent_.target_entropy() > most)
    say_("warning: target_entropy = " + number_text(agent_.target_entropy()) + " is above " + short_text(most) +
         ", the most that the policy can have: α will grow to ent_coef_max");
  const bool without = sac.norm_layer_actor == NormLayer::none || sac.norm_layer_critic == NormLayer::none;
  if (sac.weight_norm != WeightNorm::none && without)
    say_(
        "warning: weight_norm without a norm behind the hidden products (norm_layer_actor, norm_layer_critic): unit "
        "rows bound what a network can say, and its critics' values, unless rewards are scaled");
}

void Doubts::of_step(const VecEnv& envs, std::span<const float> actions, bool random) {
  steps_ += envs.num_envs();
  const auto set = [](std::uint8_t flag) { return flag != 0; };
  if (std::ranges::any_of(envs.failed(), set)) return;  // such a row holds no result
  of_sizes(envs);
  of_variety(envs);
  of_support(envs);
  const SacConfig& sac = agent_.config();
  if (!random && sac.num_actions == 0 && sac.policy == PolicyKind::squashed_gaussian) of_saturation(actions);
}

void Doubts::of_sizes(const VecEnv& envs) {
  largest_obs_ = std::max(largest_obs_, largest_size(envs.next_obs()));
  largest_reward_ = std::max(largest_reward_, largest_size(envs.reward()));
  if (largest_obs_ > kBigObs && !said_[big_obs] && !config_.sac.normalize_obs)
    once(big_obs, "an observation of size " + short_text(double{largest_obs_}) +
                      ": networks learn badly from values beyond 1e4; set normalize_obs = true, or scale it in the "
                      "environment");
  const double scaled = double{largest_reward_} * config_.sac.reward_scale;
  if (scaled > kBigReward && !said_[big_reward] && config_.sac.normalize_reward == NormalizeReward::none)
    once(big_reward, "a reward of size " + short_text(double{largest_reward_}) +
                         ": values grow with it, and learning slows down beyond 1e3; set reward_scale = " +
                         short_text(1.0 / double{largest_reward_}) + " or so");
}

void Doubts::of_variety(const VecEnv& envs) {
  if (said_[same_obs] && said_[same_reward]) return;
  if (first_obs_.empty()) {
    first_obs_.assign(envs.next_obs().begin(), envs.next_obs().end());
    first_reward_ = envs.reward()[0];
  }
  obs_vary_ = obs_vary_ || !std::ranges::equal(envs.next_obs(), first_obs_);
  const auto differs = [&](float reward) { return reward != first_reward_; };
  const auto ends = [](std::uint8_t flag) { return flag != 0; };
  // Where an episode terminates, its length tells good from bad.
  rewards_vary_ =
      rewards_vary_ || std::ranges::any_of(envs.reward(), differs) || std::ranges::any_of(envs.terminated(), ends);
  if (steps_ < kVarietySteps) return;
  if (!obs_vary_)
    once(same_obs, "every observation of the first " + std::to_string(steps_) +
                       " steps was the same: the policy cannot see what it does; look at the environment");
  if (!rewards_vary_)
    once(same_reward, "every reward of the first " + std::to_string(steps_) + " steps was " +
                          number_text(double{first_reward_}) +
                          " and no episode terminated: nothing to learn from so far; look at the environment's reward, "
                          "or explore longer at random (learning_starts)");
  said_[same_obs] = said_[same_reward] = true;
}

void Doubts::of_saturation(std::span<const float> actions) {
  if (said_[saturated]) return;
  for (const float a : actions) saturated_ += std::fabs(a) > kBound ? 1 : 0;
  policy_steps_ += static_cast<std::int64_t>(actions.size()) / agent_.act_dim();
  if (policy_steps_ < kSaturationSteps) return;
  const double share = static_cast<double>(saturated_) / static_cast<double>(policy_steps_ * agent_.act_dim());
  if (share > kSaturatedShare)
    once(saturated, short_text(100.0 * share) + " % of the actions of the last " + std::to_string(policy_steps_) +
                        " steps were at their bounds: tanh is flat there and passes no gradient on; look at "
                        "target_entropy, reward_scale and max_grad_norm");
  policy_steps_ = saturated_ = 0;
}

// Categorical critics know no return outside their atoms. What the average step promises: its reward over the horizon
// of the discount, or of the episodes where they are shorter.
void Doubts::of_support(const VecEnv& envs) {
  const SacConfig& sac = config_.sac;
  if (sac.critic_loss != CriticLoss::categorical || said_[support]) return;
  if (sac.normalize_reward != NormalizeReward::none) return;  // rewards are scaled to it
  for (const float reward : envs.reward()) rewards_ += double{reward};
  for (int i = 0; i < envs.num_envs(); ++i) ends_ += envs.terminated()[i] != 0 || envs.truncated()[i] != 0 ? 1 : 0;
  if (steps_ < kVarietySteps) return;
  const double steps = static_cast<double>(steps_),
               length = steps / static_cast<double>(std::max<std::int64_t>(ends_, 1));
  const double value = sac.reward_scale * rewards_ / steps * std::min(1.0 / (1.0 - sac.gamma), length);
  if (value < sac.v_min || value > sac.v_max) {
    const double end = value < 0.0 ? sac.v_min : sac.v_max;
    once(support, "discounted returns of about " + short_text(value) + " lie outside [v_min, v_max] = [" +
                      number_text(sac.v_min) + ", " + number_text(sac.v_max) +
                      "], where critic_loss = \"categorical\" clips its targets; " +
                      (end * value > 0.0 ? "set reward_scale = " + short_text(0.5 * sac.reward_scale * end / value) +
                                               " or so, or widen the support"
                                         : "widen the support"));
  }
  said_[support] = true;
}

std::string Doubts::largest() const {
  if (steps_ == 0) return "";
  return "; largest observation " + short_text(double{largest_obs_}) + ", largest reward " +
         short_text(double{largest_reward_}) + " so far";
}

}  // namespace softac

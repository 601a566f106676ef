#include "diag/q_bias.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "config/make_envs.h"
#include "softac/error.h"

namespace softac {
namespace {

// The steps of one environment, one after the other.
struct Recording {
  std::vector<float> obs, actions;      // (steps, O), (steps, A)
  std::vector<double> reward, entropy;  // (steps)
  std::vector<int> age;                 // (steps) steps of the episode before this one
  struct Episode {                      // one, or the part of it that was recorded
    std::size_t begin, end;             // steps
    bool terminated;
    std::vector<float> final_obs;  // (O)
  };
  std::vector<Episode> episodes;
};

// V(s) of the policy by the target critics.
double final_value(SoftValues& learner, const std::vector<float>& obs, std::size_t act_dim, Rng& noise) {
  constexpr std::size_t n = QBias::kFinalActions;
  std::vector<float> rows, actions(n * act_dim);
  for (std::size_t i = 0; i < n; ++i) rows.insert(rows.end(), obs.begin(), obs.end());
  std::vector<double> entropy(n), q(n);
  if (!learner.act(rows, QBias::kFinalActions, noise, actions, entropy))
    throw NumericsError("an action of the policy is not finite");
  learner.values(rows, actions, QBias::kFinalActions, true, q);
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += q[i] + learner.alpha() * entropy[i];
  return sum / static_cast<double>(n);
}

TrainConfig on_one_thread(TrainConfig config) {
  config.n_env_threads = 1;
  return config;
}

}  // namespace

int final_distance(double gamma, int max_episode_steps) {
  int most = QBias::kSteps / 2;
  if (max_episode_steps > 0) most = std::min(most, max_episode_steps / 2);
  int steps = 0;
  for (double weight = 1.0; weight > QBias::kFinalWeight && steps < most; weight *= gamma) ++steps;
  return steps;
}

QBias::QBias(const TrainConfig& config, std::function<void(const std::string&)> on_timeout)
    : gamma_(config.sac.gamma),
      reward_scale_(config.sac.reward_scale),
      envs_(make_vec_env(on_one_thread(config), kEnvs, config.seed, StreamKind::eval_env, std::move(on_timeout))) {
  envs_->reset();
  start_ = envs_->save_state();
}

QBiasEstimate QBias::run(SoftValues& learner, Rng noise, const StopRequest& stop) {
  const EnvSpec& spec = envs_->spec();
  const std::size_t obs_dim = spec.obs_dim, act_dim = spec.act_dim;
  const auto row = [](const auto& values, std::size_t i, std::size_t width) {
    return std::span(values).subspan(i * width, width);
  };
  envs_->load_state(start_);
  std::vector<Recording> recordings(kEnvs);
  std::vector<float> obs(kEnvs * obs_dim), actions(kEnvs * act_dim);
  std::vector<double> entropy(kEnvs);
  for (int step = 0; step < kSteps; ++step) {
    if (stop.asked()) throw stop.error("in a diagnosis");
    std::ranges::copy(envs_->obs(), obs.begin());
    if (!learner.act(obs, kEnvs, noise, actions, entropy)) throw NumericsError("an action of the policy is not finite");
    envs_->step(actions);
    for (std::size_t i = 0; i < recordings.size(); ++i) {
      Recording& r = recordings[i];
      const auto of_obs = row(obs, i, obs_dim), next_obs = envs_->next_obs().subspan(i * obs_dim, obs_dim);
      const auto action = row(actions, i, act_dim);
      r.obs.insert(r.obs.end(), of_obs.begin(), of_obs.end());
      r.actions.insert(r.actions.end(), action.begin(), action.end());
      r.reward.push_back(reward_scale_ * static_cast<double>(envs_->reward()[i]));
      r.entropy.push_back(entropy[i]);
      r.age.push_back(static_cast<int>(envs_->episode_length()[i]) - 1);
      const bool terminated = envs_->terminated()[i] != 0;
      if (!terminated && envs_->truncated()[i] == 0 && step + 1 < kSteps) continue;
      const std::size_t begin = r.episodes.empty() ? 0 : r.episodes.back().end;
      r.episodes.push_back({begin, r.reward.size(), terminated, {next_obs.begin(), next_obs.end()}});
    }
  }

  const int distance = final_distance(gamma_, spec.max_episode_steps);
  std::vector<double> bias;
  QBiasEstimate out;
  for (const Recording& r : recordings) {
    const std::size_t steps = r.reward.size();
    std::vector<double> returns(steps), q(steps);
    learner.values(r.obs, r.actions, static_cast<int>(steps), false, q);
    for (const Recording::Episode& episode : r.episodes) {
      const std::size_t length = episode.end - episode.begin;
      const double last = episode.terminated ? 0.0 : final_value(learner, episode.final_obs, act_dim, noise);
      soft_returns(std::span(r.reward).subspan(episode.begin, length),
                   std::span(r.entropy).subspan(episode.begin, length), gamma_, learner.alpha(), last,
                   std::span(returns).subspan(episode.begin, length));
      double weight = episode.terminated ? 0.0 : 1.0;
      for (std::size_t t = episode.end; t-- > episode.begin;) {
        weight *= gamma_;
        if (static_cast<int>(t) + distance > kSteps) continue;
        if (spec.max_episode_steps > 0 && r.age[t] + distance > spec.max_episode_steps) continue;
        bias.push_back(q[t] - returns[t]);
        out.mean_return += returns[t];
        out.final_weight += weight;
      }
    }
  }
  out.pairs = static_cast<std::int64_t>(bias.size());
  const auto n = static_cast<double>(bias.size());
  for (const double value : bias) out.mean += value;
  for (double* value : {&out.mean, &out.mean_return, &out.final_weight}) *value /= n;
  double squares = 0.0;
  for (const double value : bias) squares += (value - out.mean) * (value - out.mean);
  out.std = std::sqrt(squares / n);
  return out;
}

}  // namespace softac

#include "train/evaluator.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "config/make_envs.h"
#include "softac/error.h"

namespace softac {

Evaluator::Evaluator(const TrainConfig& config, int num_episodes, std::uint64_t seed,
                     std::function<void(const std::string&)> on_timeout, int max_envs)
    : num_episodes_(num_episodes), seed_(seed) {
  SOFTAC_REQUIRE(num_episodes > 0, num_episodes);
  envs_ = make_vec_env(config, std::min(num_episodes, max_envs), seed, StreamKind::eval_env, std::move(on_timeout));
  task_limit_ = limit_episodes(*envs_, config);
  envs_->reset();
  start_ = envs_->save_state();
  actions_.resize(envs_->num_envs() * spec().act_dim);
}

EvalStats Evaluator::run(SacAgent& agent, bool deterministic, const StopRequest& stop) {
  const int num_envs = envs_->num_envs();
  envs_->load_state(start_);
  noise_.clear();
  for (int i = 0; i < num_envs; ++i) noise_.push_back(evaluation_noise(seed_, i));

  EvalStats stats;
  stats.env_id = spec().id;
  stats.max_episode_steps = spec().max_episode_steps;
  std::vector<std::vector<double>> returns(num_envs);
  std::vector<std::vector<std::int64_t>> lengths(returns.size());
  for (int done = 0; done < num_episodes_;) {
    if (stop.asked())
      throw stop.error("after " + std::to_string(done) + " of " + std::to_string(num_episodes_) + " episodes");
    if (!agent.act(envs_->obs(), num_envs, deterministic, noise_, actions_)) {
      throw NumericsError("an action of the policy is not finite");
    }
    envs_->step(actions_);
    for (int env = 0; env < num_envs; ++env) {
      const std::size_t i = env;
      const std::size_t share = num_episodes_ / num_envs + (env < num_episodes_ % num_envs ? 1 : 0);
      const bool ended = envs_->terminated()[i] != 0 || envs_->truncated()[i] != 0;
      if (!ended || returns[i].size() == share) continue;
      returns[i].push_back(envs_->episode_return()[i]);
      lengths[i].push_back(envs_->episode_length()[i]);
      stats.num_cut_off += is_cut_off(*envs_, env, task_limit_) ? 1 : 0;
      ++done;
    }
  }
  for (std::size_t i = 0; i < returns.size(); ++i) {
    stats.returns.insert(stats.returns.end(), returns[i].begin(), returns[i].end());
    stats.lengths.insert(stats.lengths.end(), lengths[i].begin(), lengths[i].end());
  }
  summarize(stats);
  return stats;
}

int limit_episodes(VecEnv& envs, const TrainConfig& config) {
  const int task_limit = envs.spec().max_episode_steps;
  if (config.eval_max_episode_steps > 0) {
    envs.set_max_episode_steps(config.eval_max_episode_steps);
  } else if (task_limit == 0) {
    envs.set_max_episode_steps(Evaluator::kMaxSteps);
  }
  return task_limit;
}

bool is_cut_off(const VecEnv& envs, int env, int task_limit) {
  const auto i = static_cast<std::size_t>(env);
  const int limit = envs.spec().max_episode_steps;
  return limit != task_limit && envs.terminated()[i] == 0 && envs.episode_length()[i] >= limit;
}

// Of the same kind as the resets' streams; indices far from theirs.
Rng evaluation_noise(std::uint64_t seed, int number) {
  return {seed, StreamKind::eval_env, static_cast<std::uint32_t>(number) + (1u << 31)};
}

std::string cut_off_text(const EvalStats& stats) {
  return std::to_string(stats.num_cut_off) + " of " + std::to_string(stats.returns.size()) + " episodes cut off at " +
         std::to_string(stats.max_episode_steps) + " steps";
}

void summarize(EvalStats& stats) {
  const auto n = static_cast<double>(stats.returns.size());
  stats.mean_return = std::accumulate(stats.returns.begin(), stats.returns.end(), 0.0) / n;
  double squares = 0.0, steps = 0.0;
  for (const double value : stats.returns) squares += (value - stats.mean_return) * (value - stats.mean_return);
  for (const std::int64_t length : stats.lengths) steps += static_cast<double>(length);
  stats.std_return = std::sqrt(squares / n);
  stats.mean_length = steps / n;
}

}  // namespace softac

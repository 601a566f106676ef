#include "train/statistics.h"

#include "train/evaluator.h"

namespace softac {

bool Statistics::add_evaluation(EvalStats stats) {
  const bool best = !(stats.mean_return <= best_eval_return_);  // also where there was none
  if (best) best_eval_return_ = stats.mean_return;
  last_eval_ = std::move(stats);
  return best;
}

void Statistics::fill(TrainSummary& s) const {
  s.num_episodes = episodes_.count();
  s.ep_return_mean = episodes_.mean_return();
  s.ep_length_mean = episodes_.mean_length();
  s.last_ep_return = episodes_.last_return();
  s.update = last_update_;
  s.last_eval = last_eval_ ? &*last_eval_ : nullptr;
  s.best_eval_return = best_eval_return_;
}

void Statistics::fill(RunState& s) const {
  s.num_episodes = episodes_.count();
  s.episode_returns.assign(episodes_.returns().begin(), episodes_.returns().end());
  s.episode_lengths.assign(episodes_.lengths().begin(), episodes_.lengths().end());
  s.update_sum = update_means_.sum();
  s.update_count = update_means_.count();
  s.actor_update_count = update_means_.actor_count();
  s.last_update = last_update_;
  if (has_best()) s.best_eval_return = best_eval_return_;
  if (last_eval_) {
    s.last_eval_step = last_eval_->step;
    s.last_eval_returns = last_eval_->returns;
    s.last_eval_lengths = last_eval_->lengths;
  }
}

void Statistics::restore(const RunState& s, const std::string& env_id) {
  episodes_.restore(s.num_episodes, s.episode_returns, s.episode_lengths);
  update_means_.restore(s.update_sum, s.update_count, s.actor_update_count);
  last_update_ = s.last_update;
  best_eval_return_ = s.best_eval_return.value_or(std::numeric_limits<double>::quiet_NaN());
  last_eval_.reset();
  if (s.last_eval_step < 0) return;
  last_eval_.emplace();
  last_eval_->step = s.last_eval_step;
  last_eval_->env_id = env_id;
  last_eval_->returns = s.last_eval_returns;
  last_eval_->lengths = s.last_eval_lengths;
  summarize(*last_eval_);
}

}  // namespace softac

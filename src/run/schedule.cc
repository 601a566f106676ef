#include "softac/schedule.h"

#include "config/planned_updates.h"
#include "softac/sac_settings.h"

namespace softac {

Schedule::Schedule(const TrainConfig& config)
    : n_envs_(config.n_envs),
      total_timesteps_(config.total_timesteps),
      learning_starts_(config.learning_starts),
      update_after_(first_update_after(config)),
      train_freq_(config.train_freq),
      updates_per_phase_(updates_per_phase(config)),
      log_freq_(config.log_interval_steps),
      eval_freq_(config.eval_freq),
      diag_freq_(config.diag_freq),
      checkpoint_freq_(config.checkpoint_freq) {
  std::vector<SettingViolation> violations = validate(config);
  std::erase_if(violations, [](const SettingViolation& v) { return v.key == "env_id"; });
  refuse(violations);
}

void Schedule::advance() {
  previous_step_ = step_;
  step_ += n_envs_;
  ++num_vector_steps_;
}

std::int64_t Schedule::updates_due() const {
  return num_vector_steps_ % train_freq_ == 0 && step_ > first_update() ? updates_per_phase_ : 0;
}

void Schedule::restore(std::int64_t step, std::int64_t num_vector_steps, std::int64_t update_from) {
  step_ = previous_step_ = step;
  num_vector_steps_ = num_vector_steps;
  update_from_ = update_from;
}

}  // namespace softac

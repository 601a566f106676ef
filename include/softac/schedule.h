// Which step a run is at, and what is due after it: the beat of Trainer's loop, for loops of your own as well.
// Frequencies count environment steps: a vector step of N environments is N of them, and what falls due within it is
// done once, after it.
//
//   Schedule schedule(config);
//   while (!schedule.at_end()) {
//     … act (uniformly while schedule.random_actions()), step, observe …
//     schedule.advance();
//     for (auto n = schedule.updates_due(); n > 0; --n) learner.update();
//   }
#pragma once

#include <cstdint>

#include "softac/config.h"

namespace softac {

// What is still to be done after a vector step before the next one, in this order. A run that is stopped in the midst
// of it goes on there.
struct Due {
  std::int64_t updates = 0;
  bool log = false, diagnosis = false, evaluation = false, checkpoint = false;

  bool any() const { return *this != Due(); }
  friend bool operator==(const Due&, const Due&) = default;
};

class Schedule {
 public:
  // Throws ConfigError with everything that validate(config) says, but where no environment is named.
  explicit Schedule(const TrainConfig& config);

  void advance();  // a vector step was taken

  std::int64_t step() const { return step_; }  // environment steps so far
  std::int64_t total_timesteps() const { return total_timesteps_; }
  std::int64_t num_vector_steps() const { return num_vector_steps_; }
  bool at_end() const { return step_ >= total_timesteps_; }
  bool random_actions() const { return step_ < learning_starts_; }  // of the next vector step
  // Steps are still without the updates that are to follow them later.
  bool warming_up() const { return step_ <= first_update() && first_update() < total_timesteps_; }

  std::int64_t updates_due() const;
  bool log_due() const { return is_due(log_freq_); }
  bool evaluation_due() const { return is_due(eval_freq_); }
  bool diagnosis_due() const { return is_due(diag_freq_); }
  bool checkpoint_due() const { return is_due(checkpoint_freq_); }
  Due due() const { return {updates_due(), log_due(), diagnosis_due(), evaluation_due(), checkpoint_due()}; }

  // No update before this many steps: a replay that was not kept fills up first.
  std::int64_t update_from() const { return update_from_; }
  void hold_updates(std::int64_t steps) { update_from_ = step_ + steps; }

  // As a checkpoint has it; nothing is due then.
  void restore(std::int64_t step, std::int64_t num_vector_steps, std::int64_t update_from);

 private:
  // Whether the last vector step reached a multiple of freq; freq = 0: never.
  bool is_due(std::int64_t freq) const { return freq > 0 && step_ / freq > previous_step_ / freq; }
  std::int64_t first_update() const { return update_after_ > update_from_ ? update_after_ : update_from_; }

  std::int64_t n_envs_, total_timesteps_, learning_starts_, update_after_, train_freq_;
  std::int64_t updates_per_phase_;
  std::int64_t log_freq_, eval_freq_, diag_freq_, checkpoint_freq_;

  std::int64_t step_ = 0;
  std::int64_t previous_step_ = 0;  // before the last vector step
  std::int64_t num_vector_steps_ = 0;
  std::int64_t update_from_ = 0;
};

}  // namespace softac

// What Hopper and Walker2d share: a planar figure that is paid for its forward velocity and for every healthy step.
//
//   observation  qpos[1:], clip(qvel, −10, 10)
//   reward       forward_reward_weight · (x' − x)/dt + healthy_reward [healthy] − ctrl_cost_weight · Σ a²
//   terminated   not healthy
// Version 4 pays healthy_reward also on the step that falls.
#pragma once

#include "env/mujoco/tasks.h"

namespace softac {

struct PlanarWalkerOptions : TaskOptions {
  double forward_reward_weight = 1.0;
  double ctrl_cost_weight = 1e-3;
  double healthy_reward = 1.0;
  bool terminate_when_unhealthy = true;
  Range healthy_z_range;
  Range healthy_angle_range;
  double reset_noise_scale = 5e-3;
  bool exclude_current_positions_from_observation = true;

  PlanarWalkerOptions(const TaskOptions& task, Range z, Range angle)
      : TaskOptions(task), healthy_z_range(z), healthy_angle_range(angle) {}

 protected:
  void visit_rewards(OptionVisitor& v);  // the model and what is paid
  void visit_health(OptionVisitor& v);   // the ranges and the rest
};

class PlanarWalker : public MujocoEnv {
 protected:
  PlanarWalker(const TaskInfo& info, const PlanarWalkerOptions& options);

  virtual bool is_healthy() const = 0;
  bool height_and_angle_are_healthy() const;  // bounds excluded

  static bool inside(const Range& range, double x) { return range.low < x && x < range.high; }

 private:
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override;
  void observe(ObsWriter& out) const override;
  StepResult advance(std::span<const double> action) override;
  void report(InfoWriter& out) const override;

  const PlanarWalkerOptions options_;
  double x_velocity_ = 0.0, forward_reward_ = 0.0, healthy_reward_ = 0.0, ctrl_cost_ = 0.0;  // of the last step
};

}  // namespace softac

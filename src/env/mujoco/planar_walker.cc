#include "env/mujoco/planar_walker.h"

#include "env/mujoco/numpy_rules.h"

namespace softac {

void PlanarWalkerOptions::visit_rewards(OptionVisitor& v) {
  if (version >= 5) visit_model(v);
  v.number("forward_reward_weight", forward_reward_weight, "weight of the forward velocity");
  v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
  v.number("healthy_reward", healthy_reward, "reward of a step in health");
  v.flag("terminate_when_unhealthy", terminate_when_unhealthy, "end the episode outside the healthy ranges");
}

void PlanarWalkerOptions::visit_health(OptionVisitor& v) {
  v.range("healthy_z_range", healthy_z_range, "healthy heights of the torso, m");
  v.range("healthy_angle_range", healthy_angle_range, "healthy angles of the torso, rad");
  v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
  v.flag("exclude_current_positions_from_observation", exclude_current_positions_from_observation,
         "leave the x position out of the observation");
}

PlanarWalker::PlanarWalker(const TaskInfo& info, const PlanarWalkerOptions& options)
    : MujocoEnv(info, options), options_(options) {
  require_model(nq() >= 3, "nq of at least 3");
  finish();
}

bool PlanarWalker::height_and_angle_are_healthy() const {
  return inside(options_.healthy_z_range, data().qpos[1]) && inside(options_.healthy_angle_range, data().qpos[2]);
}

void PlanarWalker::draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) {
  add_uniform_noise(rng, options_.reset_noise_scale, qpos);
  add_uniform_noise(rng, options_.reset_noise_scale, qvel);
}

void PlanarWalker::observe(ObsWriter& out) const {
  out.put(qpos(options_.exclude_current_positions_from_observation ? 1 : 0));
  out.put_clipped(qvel(), -10.0, 10.0);
}

StepResult PlanarWalker::advance(std::span<const double> action) {
  const double x_before = data().qpos[0];
  simulate(action);
  x_velocity_ = (data().qpos[0] - x_before) / dt();
  const bool healthy = is_healthy();
  const bool paid = healthy || (options_.version == 4 && options_.terminate_when_unhealthy);
  forward_reward_ = options_.forward_reward_weight * x_velocity_;
  healthy_reward_ = paid ? options_.healthy_reward : 0.0;
  ctrl_cost_ = options_.ctrl_cost_weight * sum_of_squares(action);
  return {.reward = forward_reward_ + healthy_reward_ - ctrl_cost_,
          .terminated = options_.terminate_when_unhealthy && !healthy};
}

void PlanarWalker::report(InfoWriter& out) const {
  if (options_.version < 5) {
    out.of_step("x_position", data().qpos[0]);
    out.of_step("x_velocity", x_velocity_);
    return;
  }
  out.at_start("x_position", data().qpos[0]);
  out.at_start("z_distance_from_origin", data().qpos[1] - model().qpos0[1]);
  out.of_step("x_velocity", x_velocity_);
  out.of_step("reward_forward", forward_reward_);
  out.of_step("reward_ctrl", -ctrl_cost_);
  out.of_step("reward_survive", healthy_reward_);
}

}  // namespace softac

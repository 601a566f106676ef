// Hopper: hop forward on one leg without falling. Gymnasium's Hopper-v5 and -v4.
//
//   observation  qpos[1:6], clip(qvel[0:6], −10, 10)
//   healthy      z and angle inside their ranges, all of qpos[2:], qvel inside healthy_state_range (bounds excluded)
//   reward       forward_reward_weight · (x' − x)/dt + healthy_reward [healthy] − ctrl_cost_weight · Σ a²
//   terminated   not healthy
// Version 4 pays healthy_reward also on the step that falls.
#include <algorithm>
#include <limits>

#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct HopperOptions : TaskOptions {
  double forward_reward_weight = 1.0;
  double ctrl_cost_weight = 1e-3;
  double healthy_reward = 1.0;
  bool terminate_when_unhealthy = true;
  Range healthy_state_range = {-100.0, 100.0};
  Range healthy_z_range = {0.7, std::numeric_limits<double>::infinity()};
  Range healthy_angle_range = {-0.2, 0.2};
  double reset_noise_scale = 5e-3;
  bool exclude_current_positions_from_observation = true;

  explicit HopperOptions(int v) : TaskOptions{v, "hopper.xml", 4} {}
  void visit(OptionVisitor& v) {
    if (version >= 5) visit_model(v);
    v.number("forward_reward_weight", forward_reward_weight, "weight of the forward velocity");
    v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
    v.number("healthy_reward", healthy_reward, "reward of a step in health");
    v.flag("terminate_when_unhealthy", terminate_when_unhealthy, "end the episode outside the healthy ranges");
    v.range("healthy_state_range", healthy_state_range, "healthy values of qpos[2:] and qvel");
    v.range("healthy_z_range", healthy_z_range, "healthy heights of the torso, m");
    v.range("healthy_angle_range", healthy_angle_range, "healthy angles of the torso, rad");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
    v.flag("exclude_current_positions_from_observation", exclude_current_positions_from_observation,
           "leave the x position out of the observation");
  }
};

class Hopper final : public MujocoEnv {
 public:
  using Options = HopperOptions;

  Hopper(const TaskInfo& info, const Options& options) : MujocoEnv(info, options), options_(options) {
    require_model(nq() >= 3, "nq of at least 3");
    finish();
  }

 private:
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, options_.reset_noise_scale, qpos);
    add_uniform_noise(rng, options_.reset_noise_scale, qvel);
  }

  void observe(ObsWriter& out) const override {
    out.put(qpos(options_.exclude_current_positions_from_observation ? 1 : 0));
    out.put_clipped(qvel(), -10.0, 10.0);
  }

  bool is_healthy() const {
    const auto inside = [](const Range& range) {
      return [range](double x) { return range.low < x && x < range.high; };
    };
    const auto in_state = inside(options_.healthy_state_range);
    const auto angles = qpos(2), velocities = qvel();
    return std::all_of(angles.begin(), angles.end(), in_state) &&
           std::all_of(velocities.begin(), velocities.end(), in_state) &&
           inside(options_.healthy_z_range)(data().qpos[1]) && inside(options_.healthy_angle_range)(data().qpos[2]);
  }

  StepResult advance(std::span<const double> action) override {
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

  void report(InfoWriter& out) const override {
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

  const Options options_;
  double x_velocity_ = 0.0, forward_reward_ = 0.0, healthy_reward_ = 0.0, ctrl_cost_ = 0.0;  // of the last step
};

}  // namespace

void add_hopper(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Hopper>(table,
                     {"Hopper-v" + std::to_string(version), 1000, 3800.0,
                      "planar one-legged hopper: hop forward without falling (MuJoCo)"},
                     version);
  }
}

}  // namespace softac

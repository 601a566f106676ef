// Swimmer: swim forward with three links. Gymnasium's Swimmer-v5 and -v4 (the same numbers).
//
//   observation  qpos[2:5], qvel[0:5]
//   reward       forward_reward_weight · (x' − x)/dt − ctrl_cost_weight · Σ a²
#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct SwimmerOptions : TaskOptions {
  double forward_reward_weight = 1.0;
  double ctrl_cost_weight = 1e-4;
  double reset_noise_scale = 0.1;
  bool exclude_current_positions_from_observation = true;

  explicit SwimmerOptions(int v) : TaskOptions{v, "swimmer.xml", 4} {}
  void visit(OptionVisitor& v) {
    if (version >= 5) visit_model(v);
    v.number("forward_reward_weight", forward_reward_weight, "weight of the forward velocity");
    v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
    v.flag("exclude_current_positions_from_observation", exclude_current_positions_from_observation,
           "leave the x and y position out of the observation");
  }
};

class Swimmer final : public MujocoEnv {
 public:
  using Options = SwimmerOptions;

  Swimmer(const TaskInfo& info, const Options& options) : MujocoEnv(info, options), options_(options) {
    require_model(nq() >= 2, "nq of at least 2");
    finish();
  }

 private:
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, options_.reset_noise_scale, qpos);
    add_uniform_noise(rng, options_.reset_noise_scale, qvel);
  }

  void observe(ObsWriter& out) const override {
    out.put(qpos(options_.exclude_current_positions_from_observation ? 2 : 0));
    out.put(qvel());
  }

  StepResult advance(std::span<const double> action) override {
    const double x_before = data().qpos[0], y_before = data().qpos[1];
    simulate(action);
    x_velocity_ = (data().qpos[0] - x_before) / dt();
    y_velocity_ = (data().qpos[1] - y_before) / dt();
    forward_reward_ = options_.forward_reward_weight * x_velocity_;
    ctrl_cost_ = options_.ctrl_cost_weight * sum_of_squares(action);
    return {.reward = forward_reward_ - ctrl_cost_};
  }

  void report(InfoWriter& out) const override {
    const double x = data().qpos[0], y = data().qpos[1], distance = distance_from_origin(x, y);
    if (options_.version < 5) {
      out.of_step("reward_fwd", forward_reward_);
      out.of_step("reward_ctrl", -ctrl_cost_);
      out.of_step("x_position", x);
      out.of_step("y_position", y);
      out.of_step("distance_from_origin", distance);
    } else {
      out.at_start("x_position", x);
      out.at_start("y_position", y);
      out.at_start("distance_from_origin", distance);
    }
    out.of_step("x_velocity", x_velocity_);
    out.of_step("y_velocity", y_velocity_);
    if (options_.version < 5) {
      out.of_step("forward_reward", forward_reward_);
    } else {
      out.of_step("reward_forward", forward_reward_);
      out.of_step("reward_ctrl", -ctrl_cost_);
    }
  }

  const Options options_;
  double x_velocity_ = 0.0, y_velocity_ = 0.0, forward_reward_ = 0.0, ctrl_cost_ = 0.0;  // of the last step
};

}  // namespace

void add_swimmer(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Swimmer>(table,
                      {"Swimmer-v" + std::to_string(version), 1000, 360.0, "three-link swimmer: swim forward (MuJoCo)"},
                      version);
  }
}

}  // namespace softac

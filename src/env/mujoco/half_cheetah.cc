// HalfCheetah: run forward. Gymnasium's HalfCheetah-v5 and -v4 (the same numbers).
//
//   observation  qpos[1:9], qvel[0:9]
//   reward       forward_reward_weight · (x' − x)/dt − ctrl_cost_weight · Σ a²
#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct HalfCheetahOptions : TaskOptions {
  double forward_reward_weight = 1.0;
  double ctrl_cost_weight = 0.1;
  double reset_noise_scale = 0.1;
  bool exclude_current_positions_from_observation = true;

  explicit HalfCheetahOptions(int v) : TaskOptions{v, "half_cheetah.xml", 5} {}
  void visit(OptionVisitor& v) {
    if (version >= 5) visit_model(v);
    v.number("forward_reward_weight", forward_reward_weight, "weight of the forward velocity");
    v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
    v.flag("exclude_current_positions_from_observation", exclude_current_positions_from_observation,
           "leave the x position out of the observation");
  }
};

class HalfCheetah final : public MujocoEnv {
 public:
  using Options = HalfCheetahOptions;

  HalfCheetah(const TaskInfo& info, const Options& options) : MujocoEnv(info, options), options_(options) {
    require_model(nq() >= 1, "nq of at least 1");
    finish();
  }

 private:
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, options_.reset_noise_scale, qpos);
    add_normal_noise(rng, options_.reset_noise_scale, qvel);
  }

  void observe(ObsWriter& out) const override {
    out.put(qpos(options_.exclude_current_positions_from_observation ? 1 : 0));
    out.put(qvel());
  }

  StepResult advance(std::span<const double> action) override {
    const double x_before = data().qpos[0];
    simulate(action);
    x_velocity_ = (data().qpos[0] - x_before) / dt();
    forward_reward_ = options_.forward_reward_weight * x_velocity_;
    ctrl_cost_ = options_.ctrl_cost_weight * sum_of_squares(action);
    return {.reward = forward_reward_ - ctrl_cost_};
  }

  void report(InfoWriter& out) const override {
    const bool v5 = options_.version >= 5;
    if (v5)
      out.at_start("x_position", data().qpos[0]);
    else
      out.of_step("x_position", data().qpos[0]);
    out.of_step("x_velocity", x_velocity_);
    out.of_step(v5 ? "reward_forward" : "reward_run", forward_reward_);
    out.of_step("reward_ctrl", -ctrl_cost_);
  }

  const Options options_;
  double x_velocity_ = 0.0, forward_reward_ = 0.0, ctrl_cost_ = 0.0;  // of the last step
};

}  // namespace

void add_half_cheetah(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<HalfCheetah>(
        table, {"HalfCheetah-v" + std::to_string(version), 1000, 4800.0, "planar cheetah: run forward (MuJoCo)"},
        version);
  }
}

}  // namespace softac

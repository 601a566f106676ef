// HumanoidStandup: stand up from lying on the back. Gymnasium's HumanoidStandup-v5 and -v4 (the same rewards).
//
//   observation  humanoid_obs.h
//   reward       z / timestep − ctrl_cost_weight · Σ ctrl²
//                − clip(impact_cost_weight · Σ cfrc_ext², impact_cost_range) + 1
// The height is divided by the simulation's timestep, not by the time between observations. As in Gymnasium,
// uph_cost_weight is accepted and has no effect.
#include <limits>

#include "env/mujoco/humanoid_obs.h"
#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct HumanoidStandupOptions : TaskOptions {
  double uph_cost_weight = 1.0;
  double ctrl_cost_weight = 0.1;
  double impact_cost_weight = 0.5e-6;
  Range impact_cost_range = {-std::numeric_limits<double>::infinity(), 10.0};
  double reset_noise_scale = 1e-2;
  HumanoidObsOptions obs;

  explicit HumanoidStandupOptions(int v) : TaskOptions{v, "humanoidstandup.xml", 5} {}
  void visit(OptionVisitor& v) {
    if (version < 5) return;
    visit_model(v);
    v.number("uph_cost_weight", uph_cost_weight, "without effect, as in Gymnasium");
    v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
    v.number("impact_cost_weight", impact_cost_weight, "weight of the impact cost");
    v.range("impact_cost_range", impact_cost_range, "the impact cost is clipped to it");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
    obs.visit_exclude(v);
    obs.visit_include(v);
  }
};

class HumanoidStandup final : public HumanoidBase {
 public:
  using Options = HumanoidStandupOptions;

  HumanoidStandup(const TaskInfo& info, const Options& options)
      : HumanoidBase(info, options, options.obs, options.reset_noise_scale), options_(options) {
    finish();
  }

 private:
  StepResult advance(std::span<const double> action) override {
    simulate(action);
    height_reward_ = data().qpos[2] / model().opt.timestep;
    ctrl_cost_ = options_.ctrl_cost_weight * sum_of_squares(ctrl());
    impact_cost_ = clip(options_.impact_cost_weight * sum_of_squares(body_rows(data().cfrc_ext, 6)),
                        options_.impact_cost_range.low, options_.impact_cost_range.high);
    return {.reward = height_reward_ - ctrl_cost_ - impact_cost_ + 1.0};
  }

  void report(InfoWriter& out) const override {
    if (options_.version >= 5) {
      report_position(out);
      out.at_start("z_distance_from_origin", data().qpos[2] - model().qpos0[2]);
      report_tendons(out);
    }
    out.of_step("reward_linup", height_reward_);
    out.of_step("reward_quadctrl", -ctrl_cost_);
    out.of_step("reward_impact", -impact_cost_);
  }

  const Options options_;
  double height_reward_ = 0.0, ctrl_cost_ = 0.0, impact_cost_ = 0.0;  // of the last step
};

}  // namespace

void add_humanoid_standup(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<HumanoidStandup>(
        table,
        {"HumanoidStandup-v" + std::to_string(version), 1000, std::nullopt, "humanoid: stand up from lying (MuJoCo)"},
        version);
  }
}

}  // namespace softac

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
    const double x_before = data().qpos[0];
    simulate(action);
    const double x_velocity = (data().qpos[0] - x_before) / dt();
    const double ctrl_cost = options_.ctrl_cost_weight * sum_of_squares(action);
    return {.reward = options_.forward_reward_weight * x_velocity - ctrl_cost};
  }

  const Options options_;
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

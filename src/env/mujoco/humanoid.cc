// Humanoid: run forward on two legs without falling. Gymnasium's Humanoid-v5 and -v4.
//
//   observation  humanoid_obs.h
//   healthy      z inside healthy_z_range (bounds excluded)
//   reward       forward_reward_weight · (x' − x)/dt + healthy_reward [healthy] − ctrl_cost_weight · Σ ctrl²
//                − clip(contact_cost_weight · Σ cfrc_ext², contact_cost_range), x the mass centre
//   terminated   not healthy
// Version 4 has no contact cost and pays healthy_reward also on the step that falls.
#include <limits>

#include "env/mujoco/humanoid_obs.h"
#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct HumanoidOptions : TaskOptions {
  double forward_reward_weight = 1.25;
  double ctrl_cost_weight = 0.1;
  double contact_cost_weight = 5e-7;
  Range contact_cost_range = {-std::numeric_limits<double>::infinity(), 10.0};
  double healthy_reward = 5.0;
  bool terminate_when_unhealthy = true;
  Range healthy_z_range = {1.0, 2.0};
  double reset_noise_scale = 1e-2;
  HumanoidObsOptions obs;

  explicit HumanoidOptions(int v) : TaskOptions{v, "humanoid.xml", 5} {}
  void visit(OptionVisitor& v) {
    if (version >= 5) {
      visit_model(v);
      v.number("contact_cost_weight", contact_cost_weight, "weight of the contact cost");
      v.range("contact_cost_range", contact_cost_range, "the contact cost is clipped to it");
      obs.visit_include(v);
    }
    v.number("forward_reward_weight", forward_reward_weight, "weight of the forward velocity");
    v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
    v.number("healthy_reward", healthy_reward, "reward of a step in health");
    v.flag("terminate_when_unhealthy", terminate_when_unhealthy, "end the episode outside the healthy range");
    v.range("healthy_z_range", healthy_z_range, "healthy heights of the torso, m");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
    obs.visit_exclude(v);
  }
};

class Humanoid final : public HumanoidBase {
 public:
  using Options = HumanoidOptions;

  Humanoid(const TaskInfo& info, const Options& options)
      : HumanoidBase(info, options, options.obs, options.reset_noise_scale),
        options_(options),
        total_mass_(numpy_sum({model().body_mass, static_cast<std::size_t>(model().nbody)})) {
    finish();
  }

 private:
  struct Point {
    double x, y;
  };
  Point mass_centre() const {
    Point sum = {0.0, 0.0};
    for (int i = 0; i < model().nbody; ++i) {
      sum.x += model().body_mass[i] * data().xipos[3 * i];
      sum.y += model().body_mass[i] * data().xipos[3 * i + 1];
    }
    return {sum.x / total_mass_, sum.y / total_mass_};
  }

  double contact_cost() const {
    if (options_.version < 5) return 0.0;
    return clip(options_.contact_cost_weight * sum_of_squares(body_rows(data().cfrc_ext, 6)),
                options_.contact_cost_range.low, options_.contact_cost_range.high);
  }

  StepResult advance(std::span<const double> action) override {
    const Point before = mass_centre();
    simulate(action);
    const Point after = mass_centre();
    velocity_ = {(after.x - before.x) / dt(), (after.y - before.y) / dt()};
    const double z = data().qpos[2];
    const bool healthy = options_.healthy_z_range.low < z && z < options_.healthy_z_range.high;
    const bool paid = healthy || (options_.version == 4 && options_.terminate_when_unhealthy);
    forward_reward_ = options_.forward_reward_weight * velocity_.x;
    healthy_reward_ = paid ? options_.healthy_reward : 0.0;
    ctrl_cost_ = options_.ctrl_cost_weight * sum_of_squares(ctrl());
    paid_contact_cost_ = contact_cost();
    const double rewards = forward_reward_ + healthy_reward_, costs = ctrl_cost_ + paid_contact_cost_;
    return {.reward = rewards - costs, .terminated = options_.terminate_when_unhealthy && !healthy};
  }

  void report(InfoWriter& out) const override {
    if (options_.version < 5) return report_v4(out);
    report_position(out);
    report_tendons(out);
    out.at_start("distance_from_origin", distance_from_origin(data().qpos[0], data().qpos[1]));
    out.of_step("x_velocity", velocity_.x);
    out.of_step("y_velocity", velocity_.y);
    out.of_step("reward_survive", healthy_reward_);
    out.of_step("reward_forward", forward_reward_);
    out.of_step("reward_ctrl", -ctrl_cost_);
    out.of_step("reward_contact", -paid_contact_cost_);
  }
  void report_v4(InfoWriter& out) const {
    const Point centre = mass_centre();
    out.of_step("reward_linvel", forward_reward_);
    out.of_step("reward_quadctrl", -ctrl_cost_);
    out.of_step("reward_alive", healthy_reward_);
    out.of_step("x_position", centre.x);
    out.of_step("y_position", centre.y);
    out.of_step("distance_from_origin", distance_from_origin(centre.x, centre.y));
    out.of_step("x_velocity", velocity_.x);
    out.of_step("y_velocity", velocity_.y);
    out.of_step("forward_reward", forward_reward_);
  }

  const Options options_;
  const double total_mass_;
  // Of the last step.
  Point velocity_ = {0.0, 0.0};
  double forward_reward_ = 0.0, healthy_reward_ = 0.0, ctrl_cost_ = 0.0, paid_contact_cost_ = 0.0;
};

}  // namespace

void add_humanoid(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Humanoid>(
        table,
        {"Humanoid-v" + std::to_string(version), 1000, std::nullopt, "humanoid: run forward without falling (MuJoCo)"},
        version);
  }
}

}  // namespace softac

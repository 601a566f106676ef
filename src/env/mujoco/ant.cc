// Ant: run forward on four legs. Gymnasium's Ant-v5 and -v4.
//
//   observation  qpos[2:15], qvel[0:14], and with contact forces: clip(cfrc_ext, contact_force_range), bodies row by
//                row (version 5 leaves out the world's row)
//   healthy      all of qpos, qvel finite and z inside healthy_z_range (bounds included)
//   reward       forward_reward_weight · (x' − x)/dt + healthy_reward [healthy] − ctrl_cost_weight · Σ a²
//                − contact_cost_weight · Σ clip(cfrc_ext, contact_force_range)², x the position of main_body
//   terminated   not healthy
// Version 4 has contact forces (observation and cost) only with use_contact_forces, and pays healthy_reward also on the
// step that falls.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct AntOptions : TaskOptions {
  double forward_reward_weight = 1.0;
  double ctrl_cost_weight = 0.5;
  double contact_cost_weight = 5e-4;
  double healthy_reward = 1.0;
  std::string main_body = "1";
  bool terminate_when_unhealthy = true;
  Range healthy_z_range = {0.2, 1.0};
  Range contact_force_range = {-1.0, 1.0};
  double reset_noise_scale = 0.1;
  bool exclude_current_positions_from_observation = true;
  bool include_cfrc_ext_in_observation = true;  // version 5
  bool use_contact_forces = false;              // version 4: observation and cost

  explicit AntOptions(int v) : TaskOptions{v, "ant.xml", 5} {}
  void visit(OptionVisitor& v) {
    if (version >= 5) {
      visit_model(v);
      v.number("forward_reward_weight", forward_reward_weight, "weight of the forward velocity");
      v.text("main_body", main_body, "body whose velocity is rewarded: its number or its name");
      v.flag("include_cfrc_ext_in_observation", include_cfrc_ext_in_observation, "observe the contact forces");
    } else {
      v.text("xml_file", xml_file, "model file: a name in Gymnasium's asset directory, or a path");
      v.flag("use_contact_forces", use_contact_forces, "observe the contact forces and charge their cost");
    }
    v.number("ctrl_cost_weight", ctrl_cost_weight, "weight of the control cost");
    v.number("contact_cost_weight", contact_cost_weight, "weight of the contact cost");
    v.number("healthy_reward", healthy_reward, "reward of a step in health");
    v.flag("terminate_when_unhealthy", terminate_when_unhealthy, "end the episode outside the healthy range");
    v.range("healthy_z_range", healthy_z_range, "healthy heights of the torso, m");
    v.range("contact_force_range", contact_force_range, "contact forces are clipped to it");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
    v.flag("exclude_current_positions_from_observation", exclude_current_positions_from_observation,
           "leave the x and y position out of the observation");
  }
};

class Ant final : public MujocoEnv {
 public:
  using Options = AntOptions;

  Ant(const TaskInfo& info, const Options& options)
      : MujocoEnv(info, options),
        options_(options),
        contact_cost_(options.version >= 5 || options.use_contact_forces),
        contact_obs_(options.version >= 5 ? options.include_cfrc_ext_in_observation : options.use_contact_forces),
        main_body_(find_main_body(options)) {
    require_model(nq() >= 3, "nq of at least 3");
    if (contact_cost_) use_contact_forces();
    finish();
  }

 private:
  int find_main_body(const Options& options) const {
    if (options.version < 5) return body("torso");
    const std::string& text = options.main_body;
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return body(text);
    require_model(number >= 0 && number < model().nbody, "a body number " + text);
    return number;
  }

  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, options_.reset_noise_scale, qpos);
    add_normal_noise(rng, options_.reset_noise_scale, qvel);
  }

  void observe(ObsWriter& out) const override {
    out.put(qpos(options_.exclude_current_positions_from_observation ? 2 : 0));
    out.put(qvel());
    if (contact_obs_) {
      out.put_clipped(body_rows(data().cfrc_ext, 6, options_.version >= 5 ? 1 : 0), options_.contact_force_range.low,
                      options_.contact_force_range.high);
    }
  }

  bool is_healthy() const {
    const auto finite = [](double x) { return std::isfinite(x); };
    const auto positions = qpos(), velocities = qvel();
    const double z = data().qpos[2];
    return std::all_of(positions.begin(), positions.end(), finite) &&
           std::all_of(velocities.begin(), velocities.end(), finite) && options_.healthy_z_range.low <= z &&
           z <= options_.healthy_z_range.high;
  }

  double contact_cost() const {
    if (!contact_cost_) return 0.0;
    const Range range = options_.contact_force_range;
    const auto forces = body_rows(data().cfrc_ext, 6);
    return options_.contact_cost_weight * numpy_sum(forces.data(), forces.size(), [range](double force) {
             const double clipped = clip(force, range.low, range.high);
             return clipped * clipped;
           });
  }

  StepResult advance(std::span<const double> action) override {
    const double x_before = xpos(main_body_)[0], y_before = xpos(main_body_)[1];
    simulate(action);
    x_velocity_ = (xpos(main_body_)[0] - x_before) / dt();
    y_velocity_ = (xpos(main_body_)[1] - y_before) / dt();
    const bool healthy = is_healthy();
    const bool paid = healthy || (options_.version == 4 && options_.terminate_when_unhealthy);
    forward_reward_ = options_.forward_reward_weight * x_velocity_;
    healthy_reward_ = paid ? options_.healthy_reward : 0.0;
    ctrl_cost_ = options_.ctrl_cost_weight * sum_of_squares(action);
    paid_contact_cost_ = contact_cost();
    const double rewards = forward_reward_ + healthy_reward_, costs = ctrl_cost_ + paid_contact_cost_;
    return {.reward = rewards - costs, .terminated = options_.terminate_when_unhealthy && !healthy};
  }

  void report(InfoWriter& out) const override {
    if (options_.version < 5) return report_v4(out);
    const double x = data().qpos[0], y = data().qpos[1];
    out.at_start("x_position", x);
    out.at_start("y_position", y);
    out.at_start("distance_from_origin", distance_from_origin(x, y));
    out.of_step("x_velocity", x_velocity_);
    out.of_step("y_velocity", y_velocity_);
    out.of_step("reward_forward", forward_reward_);
    out.of_step("reward_ctrl", -ctrl_cost_);
    out.of_step("reward_contact", -paid_contact_cost_);
    out.of_step("reward_survive", healthy_reward_);
  }
  // As in Gymnasium, the contact cost stands in the control cost's place.
  void report_v4(InfoWriter& out) const {
    const double x = xpos(main_body_)[0], y = xpos(main_body_)[1];
    out.of_step("reward_forward", forward_reward_);
    out.of_step("reward_ctrl", options_.use_contact_forces ? -paid_contact_cost_ : -ctrl_cost_);
    out.of_step("reward_survive", healthy_reward_);
    out.of_step("x_position", x);
    out.of_step("y_position", y);
    out.of_step("distance_from_origin", distance_from_origin(x, y));
    out.of_step("x_velocity", x_velocity_);
    out.of_step("y_velocity", y_velocity_);
    out.of_step("forward_reward", forward_reward_);
  }

  const Options options_;
  // Of the last step.
  double x_velocity_ = 0.0, y_velocity_ = 0.0;
  double forward_reward_ = 0.0, healthy_reward_ = 0.0, ctrl_cost_ = 0.0, paid_contact_cost_ = 0.0;
  const bool contact_cost_, contact_obs_;
  const int main_body_;
};

}  // namespace

void add_ant(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Ant>(table, {"Ant-v" + std::to_string(version), 1000, 6000.0, "four-legged ant: run forward (MuJoCo)"},
                  version);
  }
}

}  // namespace softac

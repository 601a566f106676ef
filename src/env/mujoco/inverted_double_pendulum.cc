// InvertedDoublePendulum: balance two poles on a cart. Gymnasium's InvertedDoublePendulum-v5 and -v4.
//
//   observation  qpos[0], sin(qpos[1:3]), cos(qpos[1:3]), clip(qvel, −10, 10), clip(qfrc_constraint[0], −10, 10)
//   terminated   the tip's height y ≤ 1, tip (x, ·, y) = the model's first site
//   reward       healthy_reward − (0.01 x² + (y − 2)²) − (1e-3 q̇₁² + 5e-3 q̇₂²); version 5 pays the bonus only while
//                not terminated
// Version 4 observes all three constraint forces.
#include <cmath>

#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct InvertedDoublePendulumOptions : TaskOptions {
  double healthy_reward = 10.0;
  double reset_noise_scale = 0.1;

  explicit InvertedDoublePendulumOptions(int v) : TaskOptions{v, "inverted_double_pendulum.xml", 5} {}
  void visit(OptionVisitor& v) {
    if (version < 5) return;
    visit_model(v);
    v.number("healthy_reward", healthy_reward, "reward of a step that does not fall");
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
  }
};

class InvertedDoublePendulum final : public MujocoEnv {
 public:
  using Options = InvertedDoublePendulumOptions;

  InvertedDoublePendulum(const TaskInfo& info, const Options& options) : MujocoEnv(info, options), options_(options) {
    require_model(nq() == 3 && nv() == 3 && model().nsite >= 1, "nq 3, nv 3 and a site");
    finish();
  }

 private:
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, options_.reset_noise_scale, qpos);
    add_normal_noise(rng, options_.reset_noise_scale, qvel);
  }

  void observe(ObsWriter& out) const override {
    const double* q = data().qpos;
    out.put(q[0]);
    out.put(std::sin(q[1]));
    out.put(std::sin(q[2]));
    out.put(std::cos(q[1]));
    out.put(std::cos(q[2]));
    out.put_clipped(qvel(), -10.0, 10.0);
    out.put_clipped({data().qfrc_constraint, options_.version >= 5 ? std::size_t{1} : std::size_t{3}}, -10.0, 10.0);
  }

  StepResult advance(std::span<const double> action) override {
    simulate(action);
    const double x = data().site_xpos[0], y = data().site_xpos[2];
    const bool terminated = y <= 1.0;
    dist_penalty_ = 0.01 * scalar_square(x) + scalar_square(y - 2.0);
    vel_penalty_ = 1e-3 * scalar_square(data().qvel[1]) + 5e-3 * scalar_square(data().qvel[2]);
    alive_bonus_ = terminated && options_.version >= 5 ? 0.0 : options_.healthy_reward;
    return {.reward = alive_bonus_ - dist_penalty_ - vel_penalty_, .terminated = terminated};
  }

  void report(InfoWriter& out) const override {
    if (options_.version < 5) return;
    out.of_step("reward_survive", alive_bonus_);
    out.of_step("distance_penalty", -dist_penalty_);
    out.of_step("velocity_penalty", -vel_penalty_);
  }

  const Options options_;
  double alive_bonus_ = 0.0, dist_penalty_ = 0.0, vel_penalty_ = 0.0;  // of the last step
};

}  // namespace

void add_inverted_double_pendulum(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<InvertedDoublePendulum>(table,
                                     {"InvertedDoublePendulum-v" + std::to_string(version), 1000, 9100.0,
                                      "cart with a double pole: balance it (MuJoCo)"},
                                     version);
  }
}

}  // namespace softac

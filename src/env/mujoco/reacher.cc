// Reacher: bring a two-link arm's fingertip to a target. Gymnasium's Reacher-v5 and -v4.
//
//   observation  cos(q[0:2]), sin(q[0:2]), q[2:4] (target), q̇[0:2], (fingertip − target)[0:2]
//   reward       −reward_dist_weight · |fingertip − target| − reward_control_weight · Σ a²
// Version 5 measures the distance after the step, version 4 before it; version 4 also observes the z difference.
#include <cmath>

#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct ReacherOptions : TaskOptions {
  double reward_dist_weight = 1.0;
  double reward_control_weight = 1.0;

  explicit ReacherOptions(int v) : TaskOptions{v, "reacher.xml", 2} {}
  void visit(OptionVisitor& v) {
    if (version < 5) return;
    visit_model(v);
    v.number("reward_dist_weight", reward_dist_weight, "weight of the distance to the target");
    v.number("reward_control_weight", reward_control_weight, "weight of the control cost");
  }
};

class Reacher final : public MujocoEnv {
 public:
  using Options = ReacherOptions;

  Reacher(const TaskInfo& info, const Options& options)
      : MujocoEnv(info, options), options_(options), fingertip_(body("fingertip")), target_(body("target")) {
    require_model(nq() == 4 && nv() == 4, "nq 4 and nv 4");
    finish();
  }

 private:
  // The target is uniform in the disc of radius 0.2, by rejection.
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, 0.1, qpos);
    double x = 0.0, y = 0.0;
    do {
      x = rng.uniform(-0.2, 0.2);
      y = rng.uniform(-0.2, 0.2);
    } while (x * x + y * y >= 0.2 * 0.2);
    qpos[2] = x;
    qpos[3] = y;
    add_uniform_noise(rng, 0.005, qvel);
    qvel[2] = qvel[3] = 0.0;
  }

  void observe(ObsWriter& out) const override {
    const double* q = data().qpos;
    out.put(std::cos(q[0]));
    out.put(std::cos(q[1]));
    out.put(std::sin(q[0]));
    out.put(std::sin(q[1]));
    out.put(qpos(2));
    out.put(qvel().first(2));
    const int axes = options_.version >= 5 ? 2 : 3;
    for (int i = 0; i < axes; ++i) out.put(xpos(fingertip_)[i] - xpos(target_)[i]);
  }

  double distance_reward() const { return -distance(xpos(fingertip_), xpos(target_)) * options_.reward_dist_weight; }

  StepResult advance(std::span<const double> action) override {
    const double reward_before = distance_reward();
    simulate(action);
    reward_dist_ = options_.version >= 5 ? distance_reward() : reward_before;
    reward_ctrl_ = -sum_of_squares(action) * options_.reward_control_weight;
    return {.reward = reward_dist_ + reward_ctrl_};
  }

  void report(InfoWriter& out) const override {
    out.of_step("reward_dist", reward_dist_);
    out.of_step("reward_ctrl", reward_ctrl_);
  }

  const Options options_;
  double reward_dist_ = 0.0, reward_ctrl_ = 0.0;  // of the last step
  const int fingertip_, target_;
};

}  // namespace

void add_reacher(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Reacher>(
        table, {"Reacher-v" + std::to_string(version), 50, -3.75, "two-link arm: reach a target (MuJoCo)"}, version);
  }
}

}  // namespace softac

// InvertedPendulum: balance a pole on a cart. Gymnasium's InvertedPendulum-v5 and -v4.
//
//   observation  qpos[0:2], qvel[0:2]
//   terminated   |pole angle| > 0.2 (or an observation that is not finite)
//   reward       1, in version 5 only while not terminated
#include <algorithm>
#include <cmath>

#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct InvertedPendulumOptions : TaskOptions {
  double reset_noise_scale = 0.01;

  explicit InvertedPendulumOptions(int v) : TaskOptions{v, "inverted_pendulum.xml", 2} {}
  void visit(OptionVisitor& v) {
    if (version < 5) return;
    visit_model(v);
    v.non_negative("reset_noise_scale", reset_noise_scale, "scale of the start state's noise");
  }
};

class InvertedPendulum final : public MujocoEnv {
 public:
  using Options = InvertedPendulumOptions;

  InvertedPendulum(const TaskInfo& info, const Options& options) : MujocoEnv(info, options), options_(options) {
    require_model(nq() == 2 && nv() == 2, "nq 2 and nv 2");
    finish();
  }

 private:
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    add_uniform_noise(rng, options_.reset_noise_scale, qpos);
    add_uniform_noise(rng, options_.reset_noise_scale, qvel);
  }

  void observe(ObsWriter& out) const override {
    out.put(qpos());
    out.put(qvel());
  }

  StepResult advance(std::span<const double> action) override {
    simulate(action);
    const auto finite = [](double x) { return std::isfinite(x); };
    const auto positions = qpos(), velocities = qvel();
    const bool all_finite = std::all_of(positions.begin(), positions.end(), finite) &&
                            std::all_of(velocities.begin(), velocities.end(), finite);
    const bool terminated = !all_finite || std::abs(data().qpos[1]) > 0.2;
    reward_ = terminated && options_.version >= 5 ? 0.0 : 1.0;
    return {.reward = reward_, .terminated = terminated};
  }

  void report(InfoWriter& out) const override {
    if (options_.version >= 5) out.of_step("reward_survive", reward_);
  }

  const Options options_;
  double reward_ = 0.0;  // of the last step
};

}  // namespace

void add_inverted_pendulum(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<InvertedPendulum>(
        table,
        {"InvertedPendulum-v" + std::to_string(version), 1000, 950.0, "cart-pole: balance a pole on a cart (MuJoCo)"},
        version);
  }
}

}  // namespace softac

// Pusher: push a cylinder to a goal with a seven-joint arm. Gymnasium's Pusher-v5 and -v4.
//
//   observation  qpos[0:7], qvel[0:7], positions of tips_arm, object and goal
//   reward       −reward_dist_weight · |object − goal| − reward_control_weight · Σ a²
//                − reward_near_weight · |object − tips_arm|
// Version 5 measures the distances after the step, version 4 before it. Version 4's object is lighter than air, which
// MuJoCo from 3.0 on simulates differently: it exists below 3.0 only.
#include "env/mujoco/numpy_rules.h"
#include "env/mujoco/tasks.h"

namespace softac {

namespace {

struct PusherOptions : TaskOptions {
  double reward_near_weight = 0.5;
  double reward_dist_weight = 1.0;
  double reward_control_weight = 0.1;

  explicit PusherOptions(int v) : TaskOptions{v, v >= 5 ? "pusher_v5.xml" : "pusher.xml", 5} {}
  void visit(OptionVisitor& v) {
    if (version < 5) return;
    visit_model(v);
    v.number("reward_near_weight", reward_near_weight, "weight of the distance from the arm's tip to the object");
    v.number("reward_dist_weight", reward_dist_weight, "weight of the distance from the object to the goal");
    v.number("reward_control_weight", reward_control_weight, "weight of the control cost");
  }
};

class Pusher final : public MujocoEnv {
 public:
  using Options = PusherOptions;

  Pusher(const TaskInfo& info, const Options& options)
      : MujocoEnv(info, options),
        options_(options),
        tips_arm_(body("tips_arm")),
        object_(body("object")),
        goal_(body("goal")) {
    require_model(nq() >= 11 && nv() >= 11, "nq and nv of at least 11");
    finish();
  }

 private:
  // The arm starts at rest, the object anywhere in [−0.3, 0] × [−0.2, 0.2] but not nearer than 0.17 to the goal, by
  // rejection. The model's object slides are y, then x: the first draw moves it along y.
  void draw_start(Rng& rng, std::span<double> qpos, std::span<double> qvel) override {
    double first = 0.0, second = 0.0;
    do {
      first = rng.uniform(-0.3, 0.0);
      second = rng.uniform(-0.2, 0.2);
    } while (first * first + second * second <= 0.17 * 0.17);
    const std::span<double> slides = qpos.last(4);
    slides[0] = first;
    slides[1] = second;
    slides[2] = slides[3] = 0.0;
    add_uniform_noise(rng, 0.005, qvel);
    for (double& velocity : qvel.last(4)) velocity = 0.0;
  }

  void observe(ObsWriter& out) const override {
    out.put(qpos().first(7));
    out.put(qvel().first(7));
    for (const int id : {tips_arm_, object_, goal_}) out.put({xpos(id), 3});
  }

  struct Distances {
    double near, goal;
  };
  Distances distances() const {
    return {distance(xpos(object_), xpos(tips_arm_)), distance(xpos(object_), xpos(goal_))};
  }

  StepResult advance(std::span<const double> action) override {
    const Distances before = distances();
    simulate(action);
    const Distances measured = options_.version >= 5 ? distances() : before;
    reward_near_ = -measured.near * options_.reward_near_weight;
    reward_dist_ = -measured.goal * options_.reward_dist_weight;
    unweighted_ctrl_ = -sum_of_squares(action);
    reward_ctrl_ = unweighted_ctrl_ * options_.reward_control_weight;
    return {.reward = reward_dist_ + reward_ctrl_ + reward_near_};
  }

  void report(InfoWriter& out) const override {
    const bool v5 = options_.version >= 5;
    out.of_step("reward_dist", reward_dist_);
    out.of_step("reward_ctrl", v5 ? reward_ctrl_ : unweighted_ctrl_);
    if (v5) out.of_step("reward_near", reward_near_);
  }

  const Options options_;
  double reward_near_ = 0.0, reward_dist_ = 0.0, reward_ctrl_ = 0.0, unweighted_ctrl_ = 0.0;  // of the last step
  const int tips_arm_, object_, goal_;
};

}  // namespace

void add_pusher(MujocoEnvTable& table) {
  const TaskInfo info = {"", 100, 0.0, "seven-joint arm: push a cylinder to a goal (MuJoCo)"};
  for (const int version : {5, 4}) {
    TaskInfo versioned = info;
    versioned.id = "Pusher-v" + std::to_string(version);
    if (mujoco_env_unavailable(versioned.id).empty()) add_task<Pusher>(table, versioned, version);
  }
}

}  // namespace softac

// Hopper: hop forward on one leg without falling. Gymnasium's Hopper-v5 and -v4.
//
//   observation  qpos[1:6], clip(qvel[0:6], −10, 10)
//   healthy      z and angle inside their ranges, all of qpos[2:], qvel inside healthy_state_range (bounds excluded)
//   reward, terminated: planar_walker.h
#include <algorithm>
#include <limits>

#include "env/mujoco/planar_walker.h"

namespace softac {

namespace {

struct HopperOptions : PlanarWalkerOptions {
  Range healthy_state_range = {-100.0, 100.0};

  explicit HopperOptions(int v)
      : PlanarWalkerOptions({v, "hopper.xml", 4}, {0.7, std::numeric_limits<double>::infinity()}, {-0.2, 0.2}) {}
  void visit(OptionVisitor& v) {
    visit_rewards(v);
    v.range("healthy_state_range", healthy_state_range, "healthy values of qpos[2:] and qvel");
    visit_health(v);
  }
};

class Hopper final : public PlanarWalker {
 public:
  using Options = HopperOptions;

  Hopper(const TaskInfo& info, const Options& options)
      : PlanarWalker(info, options), healthy_state_range_(options.healthy_state_range) {}

 private:
  bool is_healthy() const override {
    const auto in_state = [this](double x) { return inside(healthy_state_range_, x); };
    const auto angles = qpos(2), velocities = qvel();
    return std::all_of(angles.begin(), angles.end(), in_state) &&
           std::all_of(velocities.begin(), velocities.end(), in_state) && height_and_angle_are_healthy();
  }

  const Range healthy_state_range_;
};

}  // namespace

void add_hopper(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Hopper>(table,
                     {"Hopper-v" + std::to_string(version), 1000, 3800.0,
                      "planar one-legged hopper: hop forward without falling (MuJoCo)"},
                     version);
  }
}

}  // namespace softac

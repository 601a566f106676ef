// Walker2d: walk forward on two legs without falling. Gymnasium's Walker2d-v5 and -v4.
//
//   observation  qpos[1:9], clip(qvel[0:9], −10, 10)
//   healthy      z and angle inside their ranges (bounds excluded)
//   reward, terminated: planar_walker.h
// Version 4's model has a slippery right foot.
#include "env/mujoco/planar_walker.h"

namespace softac {

namespace {

struct Walker2dOptions : PlanarWalkerOptions {
  explicit Walker2dOptions(int v)
      : PlanarWalkerOptions({v, v >= 5 ? "walker2d_v5.xml" : "walker2d.xml", 4}, {0.8, 2.0}, {-1.0, 1.0}) {}
  void visit(OptionVisitor& v) {
    visit_rewards(v);
    visit_health(v);
  }
};

class Walker2d final : public PlanarWalker {
 public:
  using Options = Walker2dOptions;

  Walker2d(const TaskInfo& info, const Options& options) : PlanarWalker(info, options) {}

 private:
  bool is_healthy() const override { return height_and_angle_are_healthy(); }
};

}  // namespace

void add_walker2d(MujocoEnvTable& table) {
  for (const int version : {5, 4}) {
    add_task<Walker2d>(table,
                       {"Walker2d-v" + std::to_string(version), 1000, std::nullopt,
                        "planar two-legged walker: walk forward without falling (MuJoCo)"},
                       version);
  }
}

}  // namespace softac

#include "env/mujoco/mujoco_envs.h"

#include <mujoco/mujoco.h>

#include "env/mujoco/tasks.h"

namespace softac {

MujocoEnvTable mujoco_env_table() {
  MujocoEnvTable table;
  add_ant(table);
  add_half_cheetah(table);
  add_hopper(table);
  add_humanoid(table);
  add_humanoid_standup(table);
  add_inverted_double_pendulum(table);
  add_inverted_pendulum(table);
  add_pusher(table);
  add_reacher(table);
  add_swimmer(table);
  add_walker2d(table);
  return table;
}

std::string mujoco_env_unavailable(const std::string& id) {
  if (id != "Pusher-v4" || mj_version() < 300) return {};
  return std::string("Pusher-v4 needs a MuJoCo below 3.0 (its object is lighter than air), this is ") +
         mj_versionString() + "; use Pusher-v5";
}

}  // namespace softac

// The MuJoCo tasks that this build and the MuJoCo library in use can make.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "softac/env.h"

namespace softac {

using MujocoEnvTable = std::vector<std::pair<EnvInfo, EnvFactory>>;

// Gymnasium's eleven tasks in versions 5 and 4, by name. Pusher-v4 is in it below MuJoCo 3.0 only. A factory expects
// every argument of its EnvInfo, and throws ConfigError (values out of range, all at once) or IoError (model file).
MujocoEnvTable mujoco_env_table();

// Why a task that Gymnasium has is not in the table, for error messages; empty for any other id.
std::string mujoco_env_unavailable(const std::string& id);

}  // namespace softac

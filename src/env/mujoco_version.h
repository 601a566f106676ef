// Which MuJoCo the tasks run on.
#pragma once

#include <string>

namespace softac {

// Version of the loaded library, e.g. "3.17.0"; "" in a build without the MuJoCo tasks.
std::string mujoco_version();

}  // namespace softac

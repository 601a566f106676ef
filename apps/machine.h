// Facts about the machine and the build.
#pragma once

#include <string>
#include <vector>

#include "env/mujoco_version.h"

namespace softac::app {

// Names as in /proc/cpuinfo of what the kernels could use, e.g. "avx2"; empty on other processors than x86-64.
std::vector<std::string> cpu_features();

// Processors this process may run on.
int num_cores();

// Name and version of the compiler of this build.
std::string compiler_version();

}  // namespace softac::app

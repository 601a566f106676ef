// Names and units of the parts of an observation that are positions and velocities of joints.
#pragma once

#include <string>
#include <vector>

#include "env/mujoco/mujoco_api.h"

namespace softac {

struct ObsNames {
  std::vector<std::string> names, units;  // one for each source, "" where it is something else
};

// sources: where each number of an observation lies in the data; null: nowhere, it was computed.
ObsNames name_observation(const mjModel& model, const mjData& data, const std::vector<const double*>& sources);

}  // namespace softac

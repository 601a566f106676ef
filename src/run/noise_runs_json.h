// Held exploration noise (agent/noise_repetition.h) in the files of runs and learners.
#pragma once

#include <string>
#include <vector>

#include "agent/noise_repetition.h"
#include "base/json.h"

namespace softac {

Json noise_runs_json(const std::vector<NoiseRun>& runs);
// Throws IoError that begins with `where`.
std::vector<NoiseRun> parse_noise_runs(const Json& json, const std::string& where);

}  // namespace softac

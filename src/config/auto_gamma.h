// gamma = auto: the discount from the length of an environment's episodes (SimBa's, SimbaV2's and XQC's rule).
#pragma once

#include <string>

#include "softac/config.h"

namespace softac {

// (T/5 − 1)/(T/5) of T steps, not below 0.95 and not above 0.995. steps ≥ 1.
double gamma_of_episode(int steps);

// Puts the number in the place of "auto"; does nothing where gamma is a number. Returns what the number comes from
// ("auto: 1000 steps an episode"), or "" where nothing was done. Throws ConfigError where episodes have no time limit,
// and what make_env throws.
std::string resolve_gamma(TrainConfig& config);

}  // namespace softac

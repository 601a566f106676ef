// log π(a) of an action that is given, in double: what the samples' own log π is, without their noise.
#pragma once

#include <span>

#include "softac/policy_parameters.h"

namespace softac {

// action (A): a = tanh u where squash, else u itself. A component at ±1 counts as the float next to it inside, where
// its density is still finite.
double log_density(const PolicyParameters& policy, std::span<const float> action, bool squash);

}  // namespace softac

// Which environments VecEnv can run together.
#pragma once

#include "softac/env.h"

namespace softac {

// Throws ConfigError, with every violation, unless spec's sizes and bounds make sense; and, where actions are to be
// rescaled from [−1, 1], unless their bounds are finite.
void check_spec(const EnvSpec& spec, bool rescale_actions);

// The same id, shapes, bounds and time limit.
bool same_spec(const EnvSpec& a, const EnvSpec& b);

}  // namespace softac

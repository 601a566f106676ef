// Combinations of settings that mean nothing: they must not be taken silently.
#pragma once

#include "softac/sac_config.h"

namespace softac {

// Throws ConfigError with every setting to change.
void check_config(const SacConfig& config);

}  // namespace softac

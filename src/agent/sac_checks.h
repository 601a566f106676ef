// Combinations of settings that mean nothing for continuous actions: they must not be taken silently.
#pragma once

#include "softac/sac_config.h"

namespace softac {

// The same settings. Throws ConfigError with the setting to change.
const SacConfig& checked(const SacConfig& config);

}  // namespace softac

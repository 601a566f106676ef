// What a plug-in's table says, checked field by field before anything of it is used.
#pragma once

#include <string>
#include <vector>

#include "env/registry.h"
#include "softac/env_plugin.h"

namespace softac {

// The environments of a table; `source` names the library in messages. They refer to the table, which must stay. Throws
// ConfigError with every violation. Pointers of the table must be null or valid (softac/env_plugin.h).
std::vector<EnvEntry> read_env_table(const softac_env_table* table, const std::string& source);

}  // namespace softac

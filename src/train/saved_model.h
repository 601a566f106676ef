// A model that the Python package saved (python/softac/saving.py), as far as it acts.
#pragma once

#include <cstdint>
#include <memory>

#include "base/file_system.h"
#include "softac/agent.h"
#include "softac/env.h"

namespace softac {

struct SavedModel {
  std::unique_ptr<SacAgent> agent;
  EnvSpec spec;            // sizes and bounds; the file does not name the environment
  std::int64_t steps = 0;  // environment steps of training
};

// Throws IoError: another file, a damaged one, or spaces that are no plain rows of numbers, which only the package can
// turn into rows.
SavedModel read_saved_model(FileSystem& fs, const Path& path);

}  // namespace softac

// The files of the user's that an environment reads when it is made.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "softac/env.h"

namespace softac {

struct EnvFile {
  std::string argument;  // constructor argument that names it
  std::filesystem::path path;
};

// The model file of a MuJoCo task, wherever it was found, with the files that it names; and every file that another
// argument gives as an absolute path.
// Throws ConfigError on an unknown id, IoError where a model file is missing.
std::vector<EnvFile> env_files(const std::string& id, const EnvKwargs& kwargs);

}  // namespace softac

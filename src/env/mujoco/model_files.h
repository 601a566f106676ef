// Where the tasks' model files (MJCF) are found at run time. softac ships none: they belong to Gymnasium.
#pragma once

#include <filesystem>
#include <string>

namespace softac {

// xml_file as Gymnasium reads it: a path if it starts with '/' or '.', below the home directory if with '~', else the
// name of a file in the model directory. That is, in this order:
//   1. the environment variable SOFTAC_MODEL_DIR, if set (nothing else is looked at then);
//   2. set_model_directory's;
//   3. the gymnasium package of the Python that the build was configured with;
//   4. the gymnasium package beside a python3 on PATH, or in the system's package directories.
// Throws IoError that names every place searched.
std::filesystem::path find_model_file(const std::string& xml_file);

}  // namespace softac

// Compiled models, shared by all instances that use the same file: a model is constant, only mjData changes.
#pragma once

#include <mujoco/mujoco.h>

#include <memory>
#include <string>

namespace softac {

using ModelPtr = std::shared_ptr<const mjModel>;

// Compiles the MJCF file or returns the living model of the same unchanged file. A file found by its Gymnasium name
// (not given as a path) must have Gymnasium's model facts. Throws IoError: not found, MuJoCo's message on a malformed
// file, or the facts that differ. Thread-safe.
ModelPtr load_model(const std::string& xml_file);

}  // namespace softac

// A new run that starts from another run's networks.
#pragma once

#include <string>

#include "base/file_system.h"
#include "train/training.h"

namespace softac {

// The networks of `run`'s newest intact checkpoint → training's. Throws IoError; where the networks are others it names
// the settings that differ.
void load_initial_networks(FileSystem& fs, const std::string& run, Training& training);

}  // namespace softac

// A dataset of what a run's policy does: for `offline_data`, and for Minari's readers.
#pragma once

#include <cstdint>
#include <string>

#include "softac/evaluation.h"

namespace softac {

struct RecordedData {
  EvalStats stats;  // of the episodes
  std::int64_t transitions = 0;
  bool minari = false;  // main_data.hdf5 is there too
};

// Plays the episodes that evaluate_run counts with the same options and writes a folder `path`, which must not exist:
// dataset.json, replay/segment-….bin and, where softac has HDF5, data/ as Minari has it (docs/formats.md). Built beside
// it as path + ".tmp", made durable and renamed: it is there as a whole or not. Throws as evaluate_run does;
// ConfigError where something is in the way, DiskError.
RecordedData record_data(const std::string& run_dir, const EvaluateOptions& options, const std::string& path);

}  // namespace softac

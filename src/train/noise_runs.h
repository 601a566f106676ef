// Held noise as a part of what is restored and compared.
#pragma once

#include <string>
#include <vector>

#include "agent/noise_repetition.h"
#include "base/digest.h"
#include "softac/error.h"

namespace softac {

// From a file. A state without runs, of a run that held no noise, leaves them at their start; one with runs has no
// effect where noise is not held any more. Throws IoError if they are of another number of streams.
inline void set_noise_runs(NoiseRepetition& to, const std::vector<NoiseRun>& runs, const std::string& source) {
  if (!to.on() || runs.empty()) return;
  if (runs.size() != to.runs().size()) {
    throw IoError(source + ": held noise of " + std::to_string(runs.size()) + " environments, expected " +
                  std::to_string(to.runs().size()));
  }
  to.runs() = runs;
}

inline void add_noise_runs(Digest& digest, const NoiseRepetition& repetition) {
  for (const NoiseRun& run : repetition.runs()) {
    digest.add(run.start);
    digest.add(run.number);
    digest.add(run.left);
  }
}

}  // namespace softac

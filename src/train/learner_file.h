// What Learner::save keeps: a safetensors file whose tensors are the learner's, and whose metadata are the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/noise_repetition.h"
#include "formats/safetensors.h"
#include "softac/agent.h"
#include "softac/learner.h"

namespace softac {

// All but the tensors.
struct LearnerRecord {
  int obs_dim = 0, act_dim = 0;
  SacConfig config;
  LearnerOptions options;  // threads and backend are not kept
  SacAgent::Counters counters;
  std::uint64_t sample_position = 0, predict_position = 0;
  std::vector<std::uint64_t> act_positions, warmup_positions;  // (num_streams)
  std::vector<NoiseRun> noise_runs;                            // (num_streams) with noise_repeat_max > 1, else none
};

std::map<std::string, std::string> learner_metadata(const LearnerRecord& record);

// Throws IoError on metadata that are not a learner's, or a newer softac's; `source` names the file. The values of the
// settings are not checked against their ranges.
LearnerRecord parse_learner_metadata(const std::map<std::string, std::string>& metadata, const std::string& source);

}  // namespace softac

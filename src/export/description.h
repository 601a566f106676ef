// A policy ready to be written: how it acts as a graph that ends in the environment's own actions, what it was trained
// on, and recorded samples. All formats are written from this alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/describe.h"
#include "softac/env.h"

namespace softac {

// One state: what goes in, and what comes out.
struct ExportSample {
  std::vector<float> observation;  // (O)
  std::vector<float> noise;        // (noise_size), empty where the export is deterministic
  std::vector<float> action;       // (A) in the environment's units; empty with discrete actions
  std::vector<float> logits;       // (num_actions), of discrete actions
  int index = 0;                   // the discrete action
};

struct ExportSource {
  std::string environment;  // "HalfCheetah-v5"
  std::int64_t step = 0;    // environment steps of training
  std::string state_hash;   // of the checkpoint; "" if the model is not from one
  std::string version;      // of softac
};

struct PolicyExport {
  PolicyGraph graph;
  std::string kind;  // "squashed Gaussian"
  ExportSource source;
  EnvSpec spec;
  bool stochastic = false;
  NoiseStep noise;         // none where deterministic
  int action = -1;         // value: (A) in the environment's units, or an index; with the noise where stochastic
  int deterministic = -1;  // the same without noise
  int logits = -1;         // values of discrete actions, (num_actions)
  int probabilities = -1;
  std::vector<ExportSample> samples;  // recorded, for self-tests

  int noise_size() const { return noise.size(); }
  std::string noise_text() const;  // "6 standard normal numbers"
  bool discrete() const { return spec.num_actions > 0; }
  // Half the range of each action (A); 1 with discrete ones.
  std::vector<double> half_range() const;
  std::vector<int> outputs() const;  // the values that are asked for
};

// Ends the description in the environment's actions. Throws NumericsError that names a step whose parameters are not
// finite.
PolicyExport make_export(PolicyDescription description, const EnvSpec& spec, const ExportSource& source,
                         bool stochastic);

// What the export is, by name, for formats that carry words: environment, names, units, bounds, dt, samples (JSON) …
std::vector<std::pair<std::string, std::string>> export_words(const PolicyExport& policy);

}  // namespace softac

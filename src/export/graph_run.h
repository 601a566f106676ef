// Follows a policy's graph, one state at a time, with softac's own bits: what an export must reproduce.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "export/description.h"
#include "export/int16_weights.h"
#include "softac/rng.h"

namespace softac {

// A policy's noise as SacAgent::act takes it from a generator (noise_size).
std::vector<float> draw_noise(const NoiseStep& step, Rng& rng);

class GraphRun {
 public:
  // Computes what the outputs need. int16: with weights of 16 bits, as the C code computes with them. The policy must
  // outlive it.
  explicit GraphRun(const PolicyExport& policy, const Int16Weights* int16 = nullptr);

  // observation (O), noise (noise_size).
  void run(std::span<const float> observation, std::span<const float> noise);
  // After run(): the elements of a value, and an index.
  const std::vector<float>& vector(int value) const { return vectors_[value]; }
  int index(int value) const { return indices_[value]; }

  // run(), with what comes out.
  ExportSample sample(std::span<const float> observation, std::span<const float> noise);

 private:
  struct Step;
  const PolicyExport& policy_;
  const Int16Weights* int16_;
  std::vector<bool> needed_;
  std::vector<std::vector<float>> vectors_;
  std::vector<int> indices_;
};

}  // namespace softac

// Values that a probe reports.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nn/network.h"
#include "softac/diagnostics.h"

namespace softac {

// Entropy of a policy from samples of −log π or from the rows' own entropies: mean, and its 95 % interval.
void add_entropy(std::span<const double> entropy, double target, std::vector<DiagnosticValue>& out);

// diag/dead_units_… and diag/zeros_… of a network's hidden layers (ReLU only) and the effective rank of the last.
void add_features(const std::string& name, const Network<float>& network, const NetworkTape<float>& tape, int rows,
                  bool rank, std::vector<DiagnosticValue>& out);

}  // namespace softac

#include "agent/probe_values.h"

#include <cmath>

#include "agent/feature_stats.h"

namespace softac {

void add_entropy(std::span<const double> entropy, double target, std::vector<DiagnosticValue>& out) {
  const auto n = static_cast<double>(entropy.size());
  double sum = 0.0, squares = 0.0;
  for (const double value : entropy) sum += value;
  const double mean = sum / n;
  for (const double value : entropy) squares += (value - mean) * (value - mean);
  const double half_width = n > 1.0 ? 1.96 * std::sqrt(squares / (n - 1.0) / n) : 0.0;
  out.push_back({"diag/entropy", mean});
  out.push_back({"diag/entropy_low", mean - half_width});
  out.push_back({"diag/entropy_high", mean + half_width});
  out.push_back({"diag/entropy_target", target});
}

void add_features(const std::string& network, const MlpTape<float>& tape, int rows, Activation activation, bool rank,
                  std::vector<DiagnosticValue>& out) {
  if (activation == Activation::relu) {
    double dead = 0.0, zeros = 0.0, units = 0.0;
    for (const Panels<float>& layer : tape.y) {
      dead += dead_share(layer.rows_from(0, rows)) * layer.cols;
      zeros += zero_share(layer.rows_from(0, rows)) * layer.cols;
      units += layer.cols;
    }
    out.push_back({"diag/dead_units_" + network, dead / units});
    out.push_back({"diag/zeros_" + network, zeros / units});
  }
  if (rank)
    out.push_back(
        {"diag/effective_rank_" + network, static_cast<double>(effective_rank(tape.y.back().rows_from(0, rows)))});
}

}  // namespace softac

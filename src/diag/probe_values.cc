#include "diag/probe_values.h"

#include <cmath>

#include "diag/feature_stats.h"

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

void add_features(const std::string& name, const Network<float>& network, const NetworkTape<float>& tape, int rows,
                  bool rank, std::vector<DiagnosticValue>& out) {
  double dead = 0.0, zeros = 0.0, units = 0.0;
  for (std::size_t b = 0; b < tape.blocks.size(); ++b) {
    if (!network.blocks()[b]->leaves_zeros()) continue;
    const Panels<float> layer = tape.blocks[b].y.rows_from(0, rows);
    dead += dead_share(layer) * layer.cols;
    zeros += zero_share(layer) * layer.cols;
    units += layer.cols;
  }
  if (units > 0.0) {
    out.push_back({"diag/dead_units_" + name, dead / units});
    out.push_back({"diag/zeros_" + name, zeros / units});
  }
  if (rank && !tape.blocks.empty()) {
    const Panels<float> last = tape.blocks.back().y.rows_from(0, rows);
    out.push_back({"diag/effective_rank_" + name, static_cast<double>(effective_rank(last))});
  }
}

}  // namespace softac

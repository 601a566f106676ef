#include "bench_fit.h"

#include <algorithm>
#include <cmath>

#include "softac/error.h"

namespace softac::app {

// log y = log c + p log x;  p = S_xy / S_xx, error² = (Σ residual² / (n − 2)) / S_xx.
PowerFit fit_power(std::span<const double> x, std::span<const double> y) {
  const auto positive = [](double value) { return value > 0.0 && std::isfinite(value); };
  if (x.size() != y.size() || x.size() < 2 || !std::ranges::all_of(x, positive) || !std::ranges::all_of(y, positive))
    throw ContractError("fit_power: at least two points, all positive and finite");
  const auto n = static_cast<double>(x.size());
  double mean_x = 0.0, mean_y = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += std::log(x[i]) / n;
    mean_y += std::log(y[i]) / n;
  }
  double s_xx = 0.0, s_xy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = std::log(x[i]) - mean_x;
    s_xx += dx * dx;
    s_xy += dx * (std::log(y[i]) - mean_y);
  }
  if (!(s_xx > 0.0)) throw ContractError("fit_power: the points differ in x");
  PowerFit fit;
  fit.exponent = s_xy / s_xx;
  fit.factor = std::exp(mean_y - fit.exponent * mean_x);
  if (x.size() > 2) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double residual = std::log(y[i]) - mean_y - fit.exponent * (std::log(x[i]) - mean_x);
      sum += residual * residual;
    }
    fit.exponent_error = std::sqrt(sum / (n - 2.0) / s_xx);
  }
  return fit;
}

}  // namespace softac::app

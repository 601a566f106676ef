// Growth laws: cost = c · x^p fitted by least squares on the logarithms.
#pragma once

#include <span>

namespace softac::app {

struct PowerFit {
  double exponent = 0.0;        // p
  double exponent_error = 0.0;  // its standard error; 0 with two points
  double factor = 0.0;          // c
};

// x, y: equally many (at least two), positive, x not all equal. Throws ContractError otherwise.
PowerFit fit_power(std::span<const double> x, std::span<const double> y);

}  // namespace softac::app

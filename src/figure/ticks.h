// Round values along an axis, and their labels.
#pragma once

#include <string>
#include <vector>

namespace softac::figure {

// Multiples of 1, 2, 2.5 or 5 × 10^n within [low, high], at most `most` (≥ 2); the ends themselves where the span is
// too small for doubles.
std::vector<double> linear_ticks(double low, double high, int most = 6);

// Round values 1, 2, 5 × 10^n within [low, high], both positive, thinned to at most `most`; for axes that span less
// than one such step, the ends themselves.
std::vector<double> log_ticks(double low, double high, int most = 6);

// With one number of decimals and one unit for all: −0.5, 0, 0.5; 20k, 40k; 1M, 1.5M; 2e-5.
std::vector<std::string> tick_labels(const std::vector<double>& ticks);
// Each for itself: 0.01, 1, 100, 10k, 1M.
std::vector<std::string> log_tick_labels(const std::vector<double>& ticks);

// A number for people, four significant digits, with a real minus sign.
std::string short_number(double value);

}  // namespace softac::figure

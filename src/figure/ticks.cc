#include "figure/ticks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace softac::figure {
namespace {

std::string print(double value, const char* format, int precision) {
  char text[48];
  std::snprintf(text, sizeof text, format, precision, value);
  return text;
}

std::string with_minus_sign(const std::string& text) {
  return text.starts_with('-') ? "−" + text.substr(1) : text;
}

// "1e-05" → "1e-5", "-2e+06" → "−2e6"
std::string scientific(double value) {
  std::string text = print(value, "%.*g", 4);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return with_minus_sign(text);
  std::string exponent = text.substr(e + 1);
  const bool negative = exponent[0] == '-';
  exponent.erase(0, exponent.find_first_not_of("+-0"));
  return with_minus_sign(text.substr(0, e) + (negative ? "e-" : "e") + exponent);
}

}  // namespace

std::vector<double> linear_ticks(double low, double high, int most) {
  const double span = high - low;
  if (!(span > 1e-12 * std::max(std::abs(low), std::abs(high)))) return {low, high};
  double power = std::pow(10.0, std::floor(std::log10(span / most)));
  for (;; power *= 10.0) {
    for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
      const double step = factor * power, slack = 1e-9 * span;
      const double first = std::ceil((low - slack) / step), last = std::floor((high + slack) / step);
      if (last - first + 1 > most) continue;
      std::vector<double> ticks;
      for (double i = first; i <= last; ++i) ticks.push_back(i * step);
      if (ticks.size() < 2) return {low, high};
      return ticks;
    }
  }
}

std::vector<double> log_ticks(double low, double high, int most) {
  const int first = static_cast<int>(std::floor(std::log10(low))),
            last = static_cast<int>(std::floor(std::log10(high)));
  std::vector<double> ticks;
  for (const std::vector<double>& steps : {std::vector<double>{1, 2, 5}, std::vector<double>{1}}) {
    ticks.clear();
    for (int decade = first; decade <= last; ++decade) {
      for (const double step : steps) {
        const double tick = step * std::pow(10.0, decade);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
      }
    }
    if (static_cast<int>(ticks.size()) <= most) break;
  }
  while (static_cast<int>(ticks.size()) > most) {  // every second one
    for (std::size_t i = 0; i < (ticks.size() + 1) / 2; ++i) ticks[i] = ticks[2 * i];
    ticks.resize((ticks.size() + 1) / 2);
  }
  if (ticks.empty()) ticks = {low, high};
  return ticks;
}

std::vector<std::string> tick_labels(const std::vector<double>& ticks) {
  double most = 0.0, step = INFINITY;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    most = std::max(most, std::abs(ticks[i]));
    if (i > 0) step = std::min(step, std::abs(ticks[i] - ticks[i - 1]));
  }
  std::vector<std::string> labels;
  if (most >= 1e9 || (most > 0.0 && most < 1e-3)) {
    for (const double tick : ticks) labels.push_back(std::abs(tick) < 1e-6 * most ? "0" : scientific(tick));
    return labels;
  }
  const double unit = most >= 1e6 ? 1e6 : most >= 1e4 ? 1e3 : 1.0;
  const char* suffix = most >= 1e6 ? "M" : most >= 1e4 ? "k" : "";
  int decimals = 0;
  const auto exact = [&](double tick) {
    const double scale = std::pow(10.0, decimals), value = tick / unit * scale;
    return std::abs(value - std::round(value)) <= 1e-3 * step / unit * scale;
  };
  while (decimals < 9 && !std::all_of(ticks.begin(), ticks.end(), exact)) ++decimals;
  for (const double tick : ticks) {
    const bool zero = std::abs(tick) < 1e-6 * step;
    labels.push_back(zero ? "0" : with_minus_sign(print(tick / unit, "%.*f", decimals)) + suffix);
  }
  return labels;
}

std::vector<std::string> log_tick_labels(const std::vector<double>& ticks) {
  std::vector<std::string> labels;
  for (const double tick : ticks) {
    if (tick >= 1e9 || tick < 1e-3)
      labels.push_back(scientific(tick));
    else if (tick >= 1e6)
      labels.push_back(print(tick * 1e-6, "%.*g", 4) + "M");
    else if (tick >= 1e4)
      labels.push_back(print(tick * 1e-3, "%.*g", 4) + "k");
    else
      labels.push_back(print(tick, "%.*g", 4));
  }
  return labels;
}

std::string short_number(double value) {
  return scientific(value);
}

}  // namespace softac::figure

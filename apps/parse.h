// Small texts of the command line: durations, lists of seeds, shapes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace softac::app {

// "90", "90s", "15m", "2h", "1h30m", "1d" → seconds. Throws UsageError.
double parse_duration(const std::string& text);

// 7 → "7s", 125 → "2m05s", 3725 → "1h02m".
std::string duration_text(double seconds);

// "0..9", "3", "1,4,7..9" → the seeds in this order, each at most once, at most 10 000. Throws UsageError.
std::vector<std::uint64_t> parse_seeds(const std::string& text);

struct Shape {
  int obs_dim = 0;     // O
  int act_dim = 0;     // A
  int hidden = 0;      // H, two layers of it
  int batch_size = 0;  // B
};

// "halfcheetah", "humanoid" or "O,A,H,B". Throws UsageError.
Shape parse_shape(const std::string& text);

}  // namespace softac::app

// The axes of `softac bench scale`: along each, one size grows and everything else stays at the shape.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench.h"

namespace softac::app {

struct AxisPoint {
  double value = 0.0;         // of the size that grows
  double flop = 0.0;          // counted operations of one run; 0 where none are counted
  std::function<void()> run;  // what is measured, once
};

struct Axis {
  std::string name, label;  // "batch_size", "batch size"
  std::string what;         // what one run is: "update"
  std::string unit;         // of its time: "ms" or "us"
  std::vector<AxisPoint> points;
};

// Builders; the points hold what they run. Only one axis needs to be in memory at a time.
std::vector<std::function<Axis()>> scale_axes(const BenchOptions& options);

}  // namespace softac::app

// What `softac watch` shows of a run.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "run/run_history.h"

namespace softac::app {

struct ViewStyle {
  std::size_t width = 80, height = 24;  // characters and lines that there is room for
  bool utf8 = false;
};

// Title, where the run stands, its returns and its learner, and a curve of return where there is room for one.
std::vector<std::string> watch_view(const RunHistory& run, const ViewStyle& style);

// The same as one line: state, unless it is running, then as the progress line of `softac train`.
std::string watch_line(const RunHistory& run, bool utf8);

// How a run that is not running came to its end, as one sentence.
std::string end_text(const RunHistory& run);

// Environment steps a second over the newest rows of metrics, which span at least `span_sec` of training where there
// are so many; rows before the first update count only where there are no others. NaN where too few are there.
double recorded_pace(const RunHistory& run, double span_sec);

}  // namespace softac::app

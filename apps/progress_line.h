// Where a training run stands, as text: in one line that fits a terminal, or as Stable-Baselines3's table.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "softac/diagnostics.h"
#include "softac/train_summary.h"

namespace softac::app {

struct LineStyle {
  std::size_t width = std::numeric_limits<std::size_t>::max();  // characters that the line may have
  bool bar = false;
  bool utf8 = false;  // else ASCII alone
};

// "40000/100000 86 fps ETA 11m42s return 3321.60 eval 4021.77 best 4021.77 α 0.21 entropy -5.9 updates 39900
// critic 24.9". Without room the last ones are left out, the bar before the evaluations; steps, pace and time left
// never are. What is not known yet (an evaluation, numbers of updates) is left out too; a time or pace that is not
// known is a dash.
std::string progress_line(const TrainSummary& summary, const LineStyle& style);

// The values of a row of metrics as a table in the layout of Stable-Baselines3, grouped by what stands before the first
// "/", sorted, without a line end behind the last line.
std::string metrics_table_text(std::vector<DiagnosticValue> values);

// A number in one of printf's formats; a dash where it is not finite.
std::string shown_number(const char* format, double value, bool utf8);

// Number of characters of UTF-8 text, and its first `count` of them.
std::size_t text_width(const std::string& text);
std::string text_start(const std::string& text, std::size_t count);

}  // namespace softac::app

// Reading what the metrics sinks wrote: metrics.jsonl and progress.csv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace softac {

// The values of one metric, in the order of their rows.
struct MetricColumn {
  std::string name;
  std::vector<std::size_t> rows;  // ascending, of MetricsTable::steps
  std::vector<double> values;     // NaN: not finite, for which JSON has no number

  friend bool operator==(const MetricColumn&, const MetricColumn&) = default;
};

// Rows of which each has a value for some of the metrics.
struct MetricsTable {
  std::vector<std::int64_t> steps;    // environment steps
  std::vector<double> wall_times;     // seconds since the epoch; NaN: not recorded
  std::vector<MetricColumn> columns;  // in the order of their first appearance

  const MetricColumn* find(std::string_view name) const;  // nullptr: no such metric
};

// The text of metrics.jsonl. A last line without its line end is being written and does not count. Throws IoError with
// the line that is not a flat object of numbers with step and wall_time; `source` names the file.
MetricsTable parse_metrics_jsonl(std::string_view text, const std::string& source);

// The text of progress.csv, likewise; the step is time/total_timesteps, which every row has.
MetricsTable parse_progress_csv(std::string_view text, const std::string& source);

}  // namespace softac

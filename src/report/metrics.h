// What the metrics of a run are called for people, and how they are drawn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "run/run_history.h"

namespace softac::report {

struct MetricView {
  std::string name;           // "train/entropy"
  std::string title, y_axis;  // "entropy of the policy"; with its unit
  bool log = false;           // logarithmic axis
  std::string target = {};    // a metric drawn dashed beside it; "" for none
};

struct MetricSection {
  std::string title;
  std::vector<MetricView> metrics;
};

// How a metric is drawn; one that is not known under its own name.
MetricView view_of(std::string_view metric);
// The sections of a report, known metrics first and all others of these runs behind them; metrics that are an axis
// (steps, time) or that never change left out.
std::vector<MetricSection> sections_of(const std::vector<const RunHistory*>& runs);
// Names of all metrics that any of the runs has, sorted.
std::vector<std::string> metric_names(const std::vector<RunHistory>& runs);

}  // namespace softac::report

// The panels of a report: what is drawn, and the numbers that its script shows.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "figure/chart.h"
#include "report/curves.h"
#include "report/groups.h"
#include "report/metrics.h"

namespace softac::report {

// Collects the numbers behind all curves; lists of x that are equal are kept once.
class PageData {
 public:
  // Adds a panel and returns its number.
  int add_panel(const std::string& x_name);
  // kind: mean, iqm, run, only (a run that is a group of its own), target. low, high: may be empty. Of the last panel.
  void add_curve(std::size_t group, const std::string& kind, const std::string& name, const std::vector<double>& x,
                 const std::vector<double>& y, const std::vector<double>& low, const std::vector<double>& high);
  // {"x": [[…], …], "panels": [{"x": "step", "curves": [{"g", "k", "n", "x", "y", "lo", "hi"}]}]} with numbers of at
  // most six digits, null for a gap; safe inside <script>.
  std::string text() const;

 private:
  std::vector<std::string> lists_;  // of x
  std::string panels_;              // without the end of the last
  int count_ = 0;
  bool has_curve_ = false;
};

// A number as the page's data holds it, and as the script shows it.
std::string data_number(double value);

// The panel of a metric over the runs of an environment, drawn with classes g<group> and mean, iqm, seed, only, target.
figure::Panel metric_panel(const std::vector<RunHistory>& runs, const RunGroups& groups, const std::string& env,
                           const MetricView& view, XAxis axis, Bootstrap& bootstrap, PageData& data);

// "seed 3" where that names it within its group, else the name of its folder.
std::string run_name(const std::vector<RunHistory>& runs, const RunGroup& group, std::size_t run);

}  // namespace softac::report

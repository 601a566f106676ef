// Runs that differ in nothing but their seeds are one group.
#pragma once

#include <string>
#include <vector>

#include "run/run_history.h"

namespace softac::report {

struct RunGroup {
  std::string env_id;
  std::string label;              // the settings that set it apart: "learning_rate = 0.001"; else the environment
  std::vector<std::size_t> runs;  // places in the list that was grouped
};

// A setting that changes where groups differ, with its value in each group.
struct Difference {
  std::string name;
  std::vector<std::string> values;  // "–": the group has no such setting
};

struct RunGroups {
  std::vector<RunGroup> groups;         // in the order of their first runs
  std::vector<Difference> differences;  // environment aside
  std::vector<std::string> envs;        // in the order of first appearance
};

// Settings that change no result do not part runs: seed, threads, backend, time limits, and what is recorded how often;
// nor does the number of steps while the learning rate is constant.
RunGroups group_runs(const std::vector<RunHistory>& runs);

}  // namespace softac::report

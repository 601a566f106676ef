// Everything that a run directory tells, for reports, figures and whoever watches a run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "formats/evaluations.h"
#include "formats/monitor_csv.h"
#include "run/run_overview.h"

namespace softac {

// One metric over the run: the three lists are equally long, a point for each row that has the metric.
struct RunSeries {
  std::string name;                 // "train/entropy", …: docs/formats.md, docs/diagnostics.md
  std::vector<std::int64_t> steps;  // environment steps
  std::vector<double> seconds;      // of training since the run began, over all its processes, what it waited for
                                    // evaluations and checkpoints included; NaN: not recorded
  std::vector<double> values;       // NaN: the number was not finite
};

struct RunEvaluation : EvaluationLine {
  double seconds = 0.0;               // as in RunSeries
  std::vector<double> returns;        // one per episode; empty where only evaluations.csv is left
  std::vector<std::int64_t> lengths;  // likewise
};

struct RunEpisode : MonitorEpisode {  // a training episode; its time_sec are seconds of training
  std::int64_t end_step = 0;          // environment steps at its end: the sum of all lengths so far
};

struct RunSetting {
  std::string name;    // "learning_rate", "env_kwargs.forward_reward_weight"
  std::string value;   // resolved, as TOML
  std::string origin;  // where it came from: "default", "preset Hopper-v5", "--set", …
};

struct RunHistory {
  RunOverview overview;                    // folder, environment, seed, state, step, evaluations in short
  std::vector<RunSeries> series;           // in the order of first appearance
  std::vector<RunEvaluation> evaluations;  // in order of steps
  std::vector<RunEpisode> episodes;        // in the order in which they ended
  std::vector<RunSetting> settings;        // as in config.toml
  Json provenance;                         // provenance.json; null where it is missing

  const RunSeries* find(std::string_view name) const;  // nullptr: the run has no such metric
};

// Reads the run, which may be going on: a last line that is half written does not count, a file that is not there yet
// gives an empty list. Series come from metrics.jsonl, or from progress.csv where that alone is left. Throws IoError
// (exit code 4): no such folder, not a run directory, or a file that is not what softac writes, with file and line.
RunHistory read_run_history(FileSystem& fs, const Path& dir);

}  // namespace softac

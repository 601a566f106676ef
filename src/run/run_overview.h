// What a run is and where it stands, from its smallest files: quick enough to look at thousands of runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "formats/evaluations.h"

namespace softac {

// status.json's four words, and died: it says running, but no process holds the run (killed, a power cut; `softac
// resume` goes on with it).
enum class RunCondition { running, finished, stopped, failed, died };
std::string_view condition_name(RunCondition state);  // "running", …

struct RunOverview {
  Path dir;
  std::string env_id;
  std::uint64_t seed = 0;
  RunCondition state = RunCondition::died;
  std::string reason;            // why it ended, as status.json names it ("finished", "signal", …); "" while it runs
  std::string message;           // in words; can be ""
  std::int64_t step = 0;         // environment steps, as far as the files tell (a running run is a little further)
  std::int64_t total_steps = 0;  // total_timesteps
  double started_sec = 0.0;      // seconds since the epoch; NaN: not recorded
  double updated_sec = 0.0;      // when status.json was last written, likewise
  std::int64_t num_evaluations = 0;
  std::optional<EvaluationLine> last_evaluation, best_evaluation;  // best: highest mean return, the earliest of equals
};

// Reads config.toml, status.json, the first line of monitor.csv, eval/evaluations.csv and, unless the run has ended,
// the end of metrics.jsonl. A file that is not there yet leaves its fields as they are above. Throws IoError: no such
// folder, not a run directory, or a file that is not what softac writes (named, with what is wrong).
RunOverview read_run_overview(FileSystem& fs, const Path& dir);

}  // namespace softac

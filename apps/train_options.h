// What `softac train` was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "commands.h"
#include "config/resolve.h"
#include "progress.h"
#include "softac/trainer.h"

namespace softac::app {

struct TrainArguments {
  std::string env_id;
  std::string config_file;
  std::string preset;
  std::string method;
  std::vector<std::string> set;
  std::string steps;  // texts: checked with all other settings
  std::string seed;
  std::string max_time;
  std::string diag;  // environment steps between diagnoses
  bool show_diag = false;
  std::string log = "line";  // or "table"
  std::string on_nan;        // "", "stop" or "rollback:N"
  std::string seeds;         // "" = one run
  int jobs = 1;
  std::string run_dir;
  std::string init_from;
  std::string offline;  // recorded data; "" = none
  std::string resume;   // "" or "auto"
  std::string fork;     // run to fork; "" = none
  std::int64_t fork_step = -1;
  bool allow_changed = false;
  std::vector<std::string> plugins;
};

// Everything but the seeds, resolved; for a fork, the other run's settings with what is given. Throws UsageError,
// ConfigError, IoError.
ResolvedConfig resolve(const TrainArguments& arguments);

// Trains with the options of TrainerOptions that are not about the terminal; prints the result, returns the exit code.
int run_training(Context& context, const ResolvedConfig& resolved, TrainerOptions options, ProgressOptions progress);

// --log WHAT of the commands that train, and what it asks for. Throws UsageError.
void add_log_option(Command command, std::string& log);
bool wants_tables(const std::string& log);

// How a run ended, as JSON text with the keys that the table of several seeds reads.
struct RunResult {
  std::string seed;
  int exit_code = 0;
  std::string reason;
  std::string message;
  std::string run_dir;
  long long step = 0;
  double ep_return_mean = 0.0;    // NaN where unknown
  double best_eval_return = 0.0;  // NaN where unknown
  double elapsed_sec = 0.0;
};

}  // namespace softac::app

#include "seeds.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>

#include "base/child_process.h"
#include "base/json.h"
#include "base/memory_limit.h"
#include "base/text.h"
#include "exit_code.h"
#include "machine.h"
#include "parse.h"
#include "paths.h"
#include "replay/replay_buffer.h"
#include "signals.h"
#include "softac/env.h"
#include "softac/error.h"

namespace softac::app {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kPauseMs = 20;
constexpr int kResultDepth = 8;  // of the JSON that a run prints

struct Job {
  std::uint64_t seed;
  std::unique_ptr<ChildProcess> child;
};

// The command line of a child: the arguments of this process, with its own seed and folder.
std::vector<std::string> child_arguments(const std::vector<std::string>& own, const TrainArguments& arguments,
                                         std::uint64_t seed, int threads) {
  std::vector<std::string> words = {"softac"};
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::string name = own[i].substr(0, own[i].find('='));
    if (name == "--seeds" || name == "--jobs" || name == "--run-dir") {
      if (name == own[i]) ++i;  // its value is the next word
    } else if (own[i] != "--json" && own[i] != "-q" && own[i] != "--quiet") {
      words.push_back(own[i]);
    }
  }
  // Options come last: a value such as "-q" of another option cannot be mistaken there.
  words.insert(words.end(), {"--seed", std::to_string(seed), "--json", "-q"});
  if (threads > 0) words.insert(words.end(), {"--set", "threads=" + std::to_string(threads)});
  if (!arguments.run_dir.empty())
    words.insert(words.end(), {"--run-dir", std::filesystem::path(arguments.run_dir) / ("s" + std::to_string(seed))});
  return words;
}

RunResult result_of(std::uint64_t seed, int exit_code, const std::string& output) {
  RunResult result;
  result.seed = std::to_string(seed);
  result.exit_code = exit_code;
  result.reason = "failed";
  result.ep_return_mean = result.best_eval_return = kUnknown;
  if (exit_code == kOk) result.exit_code = kInternal;  // unless it has a result, which is looked for now
  Json json;
  try {
    json = parse_json(output, kResultDepth);
  } catch (const JsonError&) {
    return result;
  }
  if (!json.is_object()) return result;
  result.exit_code = exit_code;
  auto number = [&](const char* key, double otherwise = kUnknown) {
    const Json* found = json.find(key);
    return found != nullptr && found->is_number() ? found->get<double>() : otherwise;
  };
  auto text = [&](const char* key) {
    const Json* found = json.find(key);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
  };
  result.reason = text("reason");
  result.message = text("message");
  result.run_dir = text("run_dir");
  result.step = static_cast<long long>(number("step", 0.0));
  result.ep_return_mean = number("ep_return_mean");
  result.best_eval_return = number("best_eval_return");
  result.elapsed_sec = number("elapsed_sec", 0.0);
  return result;
}

std::string two_decimals(double value) {
  if (!std::isfinite(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

// Whether a run came to its end: the return of one that failed or was stopped is that of fewer steps.
bool is_finished(const RunResult& result) {
  return result.exit_code == kOk;
}

struct Spread {
  double mean = kUnknown;
  double std = kUnknown;  // population
};

// Over the finished runs.
Spread spread_of(const std::vector<RunResult>& all, double RunResult::*field) {
  std::vector<RunResult> results = all;
  std::erase_if(results, [](const RunResult& result) { return !is_finished(result); });
  double sum = 0.0, squares = 0.0, count = 0.0;
  for (const RunResult& result : results) {
    if (std::isfinite(result.*field)) sum += result.*field, count += 1.0;
  }
  if (count == 0.0) return {};
  const double mean = sum / count;
  for (const RunResult& result : results) {
    if (std::isfinite(result.*field)) squares += (result.*field - mean) * (result.*field - mean);
  }
  return {mean, std::sqrt(squares / count)};
}

struct Counts {
  std::size_t finished = 0, stopped = 0, failed = 0;
};

Counts counts_of(const std::vector<RunResult>& results) {
  Counts counts;
  for (const RunResult& result : results) {
    const bool stopped = result.exit_code == kStopped || result.exit_code == kInterrupted;
    ++(is_finished(result) ? counts.finished : stopped ? counts.stopped : counts.failed);
  }
  return counts;
}

std::string table_text(const std::vector<RunResult>& results) {
  char line[160];
  std::snprintf(line, sizeof line, "%-8s %-12s %12s %12s %12s %9s  %s\n", "seed", "outcome", "steps", "return",
                "best eval", "time", "run directory");
  std::string out = line;
  for (const RunResult& result : results) {
    std::snprintf(line, sizeof line, "%-8s %-12s %12lld %12s %12s %9s  ", result.seed.c_str(), result.reason.c_str(),
                  result.step, two_decimals(result.ep_return_mean).c_str(),
                  two_decimals(result.best_eval_return).c_str(), duration_text(result.elapsed_sec).c_str());
    out += line + result.run_dir + "\n";
  }
  const Spread last = spread_of(results, &RunResult::ep_return_mean),
               best = spread_of(results, &RunResult::best_eval_return);
  const Counts counts = counts_of(results);
  out += "mean of " + std::to_string(counts.finished) + (counts.finished == 1 ? " run: return " : " runs: return ") +
         two_decimals(last.mean) + " ± " + two_decimals(last.std) + ", best evaluation " + two_decimals(best.mean) +
         " ± " + two_decimals(best.std);
  if (counts.failed + counts.stopped > 0)
    out += "; left out: " + std::to_string(counts.failed) + " failed, " + std::to_string(counts.stopped) + " stopped";
  return out;
}

std::string table_json(const std::vector<RunResult>& results) {
  Json out;
  const Spread last = spread_of(results, &RunResult::ep_return_mean),
               best = spread_of(results, &RunResult::best_eval_return);
  out["ep_return_mean"] = last.mean;
  out["ep_return_std"] = last.std;
  out["best_eval_return_mean"] = best.mean;
  out["best_eval_return_std"] = best.std;
  const Counts counts = counts_of(results);
  out["num_finished"] = counts.finished;
  out["num_stopped"] = counts.stopped;
  out["num_failed"] = counts.failed;
  out["runs"] = Json::array();
  for (const RunResult& result : results) {
    out["runs"].push_back({{"seed", std::stoull(result.seed)},
                           {"exit_code", result.exit_code},
                           {"reason", result.reason},
                           {"message", result.message},
                           {"step", result.step},
                           {"ep_return_mean", result.ep_return_mean},
                           {"best_eval_return", result.best_eval_return},
                           {"elapsed_sec", result.elapsed_sec},
                           {"run_dir", result.run_dir}});
  }
  return out.dump(2);
}

// This program as it is now, even if its file is another one by the time that a seed starts.
std::unique_ptr<ChildProcess> start(const std::vector<std::string>& words) {
  return std::make_unique<ChildProcess>(
      words,
      ChildOptions{.collects = true, .shares_messages = true, .program = "/proc/self/exe", .folder = start_folder()});
}

int stopped_code() {
  return stop_signal().load() == SIGINT ? kInterrupted : kStopped;
}

// From good to bad: what needs only to be run again, what lies with one run's numbers or environment, what the user has
// to mend, what the machine lacks, and what should never be (any code that is not here: a crash or kill).
int badness(int code) {
  constexpr std::array kOrder = {kOk,     kStopped, kInterrupted, kNumerics, kEnvironment, kUsage,
                                 kConfig, kFile,    kDisk,        kMemory,   kInternal};
  return static_cast<int>(std::ranges::find(kOrder, code) - kOrder.begin());
}

// The worst of the runs'.
int exit_code_of(const std::vector<RunResult>& results) {
  int worst = kOk;
  for (const RunResult& result : results) {
    if (badness(result.exit_code) > badness(worst)) worst = result.exit_code;
  }
  return worst;
}

// What the replay of one run may take.
std::uint64_t replay_bytes(const TrainConfig& config) {
  const std::unique_ptr<Env> env = make_env(config.env_id, config.env_kwargs);
  const EnvSpec& spec = env->spec();
  return ReplayBuffer::bytes_needed(
      {spec.obs_dim, spec.act_dim, config.n_envs, config.buffer_size, config.sac.n_steps, config.sac.gamma});
}

// Each run looks at what is free when it starts, when the others have not filled their replay yet: so all are counted
// here. Throws MemoryError.
void check_memory(const TrainConfig& config, std::size_t num_jobs) {
  const std::uint64_t one = replay_bytes(config), available = available_memory();
  if (one <= available / num_jobs) return;
  throw MemoryError(std::to_string(num_jobs) + " runs at a time need " + bytes_text(one) +
                    " of memory each for their replay, " + bytes_text(available) + " are available: set --jobs to " +
                    std::to_string(std::max<std::uint64_t>(available / one, 1)) + " or buffer_size to less");
}

}  // namespace

int train_seeds(Context& context, const TrainArguments& arguments) {
  const std::vector<std::uint64_t> seeds = parse_seeds(arguments.seeds);
  if (arguments.jobs < 1 || arguments.jobs > 4096)
    throw ConfigError("--jobs " + std::to_string(arguments.jobs) + ": must be from 1 to 4096");
  const ResolvedConfig resolved = resolve(arguments);  // what is wrong is said once, before anything starts
  const std::size_t num_jobs = std::min<std::size_t>(arguments.jobs, seeds.size());
  check_memory(resolved.config, num_jobs);
  // Threads never change a result; left to themselves, the runs would each take all cores.
  const int threads = resolved.config.threads > 0 ? 0 : std::max(1, num_cores() / static_cast<int>(num_jobs));
  install_stop_signals();

  std::vector<Job> running;
  std::map<std::uint64_t, RunResult> done;
  std::size_t next = 0;
  bool told = false;  // the children know that they are to stop
  while (!running.empty() || (next < seeds.size() && !told)) {
    while (!told && running.size() < num_jobs && next < seeds.size()) {
      const std::uint64_t seed = seeds[next++];
      context.terminal.info("seed " + std::to_string(seed) + " starts");
      running.push_back({seed, start(child_arguments(context.arguments, arguments, seed, threads))});
    }
    poll(nullptr, 0, kPauseMs);  // or until a signal
    const int signal = stop_signal().load();
    if (signal != 0 && !told) {
      told = true;
      for (const Job& job : running) job.child->signal(signal);
    }
    for (std::size_t i = running.size(); i-- > 0;) {
      std::optional<int> code = running[i].child->ended();
      if (!code) continue;
      const Job job = std::move(running[i]);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      if (told && *code == 128 + stop_signal().load()) code = stopped_code();  // it came before the run could begin
      const RunResult result = result_of(job.seed, *code, job.child->output());
      context.terminal.info("seed " + result.seed + ": " + result.reason + " at step " + std::to_string(result.step) +
                            ", return " + two_decimals(result.ep_return_mean) +
                            (result.exit_code == kOk ? "" : " (exit code " + std::to_string(result.exit_code) + ")"));
      done[job.seed] = result;
    }
  }
  std::vector<RunResult> results;
  for (const std::uint64_t seed : seeds) {
    if (done.contains(seed)) results.push_back(done[seed]);
  }
  print_result(context.json ? table_json(results) : table_text(results));
  if (results.size() < seeds.size()) {
    context.terminal.warning(std::to_string(seeds.size() - results.size()) + " seeds were not started");
    if (exit_code_of(results) == kOk) return stopped_code();
  }
  return exit_code_of(results);
}

}  // namespace softac::app

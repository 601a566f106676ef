#include "seeds.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>

#include "base/json.h"
#include "child.h"
#include "exit_code.h"
#include "machine.h"
#include "parse.h"
#include "paths.h"
#include "signals.h"
#include "softac/error.h"

namespace softac::app {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kResultDepth = 8;  // of the JSON that a run prints

struct Job {
  std::uint64_t seed;
  Child child;
};

// The arguments of a child: those of this process, with its own seed and folder.
std::vector<std::string> child_arguments(const std::vector<std::string>& own, const TrainArguments& arguments,
                                         std::uint64_t seed, int threads) {
  std::vector<std::string> words;
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

struct Spread {
  double mean = kUnknown;
  double std = kUnknown;  // population
};

Spread spread_of(const std::vector<RunResult>& results, double RunResult::*field) {
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
  out += "mean of " + std::to_string(results.size()) + " runs: return " + two_decimals(last.mean) + " ± " +
         two_decimals(last.std) + ", best evaluation " + two_decimals(best.mean) + " ± " + two_decimals(best.std);
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

// Until there is output, or a child may have ended.
void wait_for_news(const std::vector<Job>& running) {
  std::vector<pollfd> fds;
  bool ending = false;
  for (const Job& job : running) {
    fds.push_back({job.child.output_fd(), POLLIN, 0});
    ending = ending || job.child.at_end();
  }
  poll(fds.data(), fds.size(), ending ? 5 : 200);
}

int stopped_code() {
  return stop_signal().load() == SIGINT ? kInterrupted : kStopped;
}

int exit_code_of(const std::vector<RunResult>& results) {
  int stop = kOk;
  for (const RunResult& result : results) {
    if (result.exit_code == kStopped || result.exit_code == kInterrupted)
      stop = std::max(stop, result.exit_code);
    else if (result.exit_code != kOk)
      return result.exit_code;
  }
  return stop;
}

}  // namespace

int train_seeds(Context& context, const TrainArguments& arguments) {
  const std::vector<std::uint64_t> seeds = parse_seeds(arguments.seeds);
  if (arguments.jobs < 1 || arguments.jobs > 4096)
    throw ConfigError("--jobs " + std::to_string(arguments.jobs) + ": must be from 1 to 4096");
  const ResolvedConfig resolved = resolve(arguments);  // what is wrong is said once, before anything starts
  const std::size_t num_jobs = std::min<std::size_t>(arguments.jobs, seeds.size());
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
      running.push_back({seed, Child(child_arguments(context.arguments, arguments, seed, threads), start_folder())});
    }
    wait_for_news(running);
    const int signal = stop_signal().load();
    if (signal != 0 && !told) {
      told = true;
      for (const Job& job : running) job.child.send(signal);
    }
    for (std::size_t i = running.size(); i-- > 0;) {
      std::optional<int> code = running[i].child.exit_code();
      while (running[i].child.read_output()) {
      }
      if (!code) continue;
      const Job job = std::move(running[i]);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      if (told && *code == 128 + stop_signal().load()) code = stopped_code();  // it came before the run could begin
      const RunResult result = result_of(job.seed, *code, job.child.output());
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

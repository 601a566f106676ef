// softac report RUN…: everything that runs have recorded, in one page that opens anywhere.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/atomic_file.h"
#include "commands.h"
#include "exit_code.h"
#include "report/page.h"
#include "signals.h"
#include "softac/error.h"

namespace softac::app {
namespace {

struct ReportArguments {
  std::vector<std::string> runs;
  std::string output;
  bool follow = false;
  double interval_sec = 10.0;
};

// Waits, and says whether a signal ended that.
bool wait(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (stop_signal().load() == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return stop_signal().load() != 0;
}

bool any_runs_on(const std::vector<report::ReportRun>& runs) {
  return std::any_of(runs.begin(), runs.end(),
                     [](const report::ReportRun& run) { return run.history.overview.state == RunCondition::running; });
}

// Writes the page; true while a run of it goes on.
bool write(const ReportArguments& arguments, const std::vector<Path>& dirs, const std::string& output) {
  FileSystem& fs = posix_file_system();
  const std::vector<report::ReportRun> runs = report::read_report_runs(fs, dirs);
  const bool on = any_runs_on(runs);
  report::PageOptions options;
  if (arguments.follow && on) options.reload_sec = std::max(1, static_cast<int>(arguments.interval_sec));
  write_file_atomic(fs, output, report::report_page(runs, options));
  return on;
}

int report_runs(Context& context, const ReportArguments& arguments) {
  if (!(arguments.interval_sec >= 0.1 && arguments.interval_sec <= 86'400.0))
    throw ConfigError("--interval " + std::to_string(arguments.interval_sec) + ": must be from 0.1 to 86400 seconds");
  const std::vector<Path> dirs(arguments.runs.begin(), arguments.runs.end());
  const std::string output = !arguments.output.empty() ? arguments.output
                             : dirs.size() == 1        ? (dirs[0] / "report.html").string()
                                                       : "report.html";
  if (arguments.follow) install_stop_signals();
  bool on = write(arguments, dirs, output);
  print_result(output);
  if (!arguments.follow) return kOk;
  if (on) context.terminal.info("following; Ctrl-C ends this and leaves the page as it is");
  while (on) {
    const bool stopped = wait(arguments.interval_sec);
    on = write(arguments, dirs, output);
    if (stopped)
      throw StoppedError("stopped while a run goes on; the page shows it as it is now", stop_signal().load());
  }
  return kOk;
}

}  // namespace

void add_report(Command root, Context& context) {
  auto arguments = std::make_shared<ReportArguments>();
  Command command = root.add_command("report", "Write a page about runs: curves over seeds, settings, videos");
  command.add_positionals("RUN", arguments->runs, "Run directories; equal settings but for the seed are one group")
      .required();
  command
      .add_option("-o,--output", arguments->output, "The page (default: RUN/report.html, of several runs report.html)")
      .value_name("FILE");
  Option follow = command.add_flag("--follow", arguments->follow, "Write it anew until the runs have ended");
  command.add_option("--interval", arguments->interval_sec, "With --follow: seconds from one page to the next")
      .show_default()
      .value_name("S")
      .needs(follow);
  command.on_parse(
      [&context, arguments] { context.action = [&context, arguments] { return report_runs(context, *arguments); }; });
}

}  // namespace softac::app

// softac watch RUN: follows a run of another process.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "commands.h"
#include "exit_code.h"
#include "parse.h"
#include "paths.h"
#include "run/run_history.h"
#include "screen.h"
#include "signals.h"
#include "softac/error.h"
#include "train/run_clock.h"
#include "watch_view.h"

namespace softac::app {
namespace {

constexpr double kReadShare = 0.1;  // of the time that reading may take
constexpr int kMaxFailures = 5;     // in a row: a file may be cut just while it is read
constexpr auto kSlice = std::chrono::milliseconds(50);

struct WatchArguments {
  std::string run;
  std::string interval = "1s";
  bool once = false;
};

// Whether to go on: false when somebody asked to stop.
bool wait_for(double sec) {
  const double until = monotonic_sec() + sec;
  while (stop_signal() == 0 && monotonic_sec() < until) std::this_thread::sleep_for(kSlice);
  return stop_signal() == 0;
}

class Watch {
 public:
  Watch(Context& context, Path run, double interval_sec)
      : terminal_(context.terminal), run_(std::move(run)), interval_sec_(interval_sec) {}

  int once() {
    show(read_run_history(posix_file_system(), run_));
    return kOk;
  }

  int until_its_end() {
    for (int failures = 0;;) {
      const double begin = monotonic_sec();
      try {
        const RunHistory history = read_run_history(posix_file_system(), run_);
        failures = 0;
        show(history);
        if (history.overview.state != RunCondition::running) return kOk;
      } catch (const IoError&) {
        if (!shown_ || ++failures == kMaxFailures) throw;
      }
      const double took = monotonic_sec() - begin;
      if (!wait_for(std::max(interval_sec_, took / kReadShare))) return stop_code();
    }
  }

 private:
  static int stop_code() { return stop_signal() == SIGINT ? kInterrupted : kStopped; }

  void show(const RunHistory& history) {
    if (screen_.redraws()) {
      screen_.draw(watch_view(history, {screen_.width(), screen_.height(), terminal_.utf8()}));
    } else {
      const std::string line = watch_line(history, terminal_.utf8());
      if (!shown_) screen_.draw({title(history.overview)});
      if (line != last_line_) screen_.draw({line});
      last_line_ = line;
      const std::string end = end_text(history);
      if (!end.empty()) screen_.draw({end});
    }
    shown_ = true;
  }

  static std::string title(const RunOverview& run) {
    return run.env_id + ", seed " + std::to_string(run.seed) + ", " + shown_path(run.dir.string());
  }

  Terminal& terminal_;
  Path run_;
  double interval_sec_;
  Screen screen_;
  std::string last_line_;
  bool shown_ = false;
};

}  // namespace

void add_watch(Command root, Context& context) {
  auto arguments = std::make_shared<WatchArguments>();
  Command command = root.add_command("watch", "Follow a run that goes on in another process");
  command.add_option("RUN", arguments->run, "Run directory").required();
  command.add_flag("--once", arguments->once, "Show where it stands and end");
  command.add_option("--interval", arguments->interval, "Time between two looks").show_default().value_name("TIME");
  command.on_parse([&context, arguments] {
    context.action = [&context, arguments] {
      const double interval_sec = parse_duration(arguments->interval);
      Watch watch(context, absolute_path(arguments->run), interval_sec);
      if (arguments->once) return watch.once();
      install_quick_stop(kGraceSec, 0.0);
      return watch.until_its_end();
    };
  });
}

}  // namespace softac::app

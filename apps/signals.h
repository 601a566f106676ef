// Signals that end a run in good order. The first one sets the flag; Ctrl-C after that leaves at once with code 130.
#pragma once

#include <atomic>
#include <string>

namespace softac::app {

// Zero, or the number of the first of SIGINT, SIGTERM, SIGUSR1, SIGHUP that arrived since install_stop_signals().
const std::atomic<int>& stop_signal();

// Catches these signals (SIGHUP only if it was not ignored, as under nohup) and ignores SIGPIPE: a reader that has gone
// away does not end a training run.
void install_stop_signals();

// For commands that leave nothing behind, in place of install_stop_signals(): the flag is set as there, and a command
// that has not ended grace_sec later (an environment does not return) leaves with a line on standard error and the exit
// code of a stop, 130 or 75; 0: at once. The same grace_sec after max_sec from now, without the flag; 0 = no limit.
constexpr int kGraceSec = 1;
void install_quick_stop(int grace_sec, double max_sec);

// The environment named in `message` hangs, and the call never returns: nothing can be unwound.
[[noreturn]] void leave_at_hang(const std::string& message);

// A crash inside an environment (SIGSEGV and the like) is reported with its name and step and ends the process with
// exit code 5; any other crash takes its usual way.
void install_crash_handler();

// An environment that ends the process (exit, quick_exit) is reported likewise, with exit code 5; until expect_end().
void install_exit_report();
void expect_end();

// Timers that an environment sets (alarm, setitimer) and does not catch do not end the process.
void outlive_timers();

}  // namespace softac::app

// Signals that end a run in good order. The first one sets the flag; Ctrl-C after that leaves at once with code 130.
#pragma once

#include <atomic>

namespace softac::app {

// Zero, or the number of the first of SIGINT, SIGTERM, SIGUSR1, SIGHUP that arrived since install_stop_signals().
const std::atomic<int>& stop_signal();

// Catches these signals (SIGHUP only if it was not ignored, as under nohup) and ignores SIGPIPE: a reader that has gone
// away does not end a training run.
void install_stop_signals();

// A crash inside an environment (SIGSEGV and the like) is reported with its name and step and ends the process with
// exit code 5; any other crash takes its usual way.
void install_crash_handler();

// An environment that ends the process (exit, quick_exit) is reported likewise, with exit code 5; until expect_end().
void install_exit_report();
void expect_end();

// Timers that an environment sets (alarm, setitimer) and does not catch do not end the process.
void outlive_timers();

// Gives all of them their default meaning again, in a child process before exec.
void reset_signals();

}  // namespace softac::app

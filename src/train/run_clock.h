// The time of a run: how long it has trained, over all its processes, how fast it is, and what it pauses for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace softac {

// Seconds of a clock that never goes back.
double monotonic_sec();

// What a run does between two steps.
enum class PauseKind { evaluation, diagnosis, checkpoint };

class RunClock {
 public:
  using Now = double (*)();
  explicit RunClock(Now now = monotonic_sec) : now_(now), start_(now()) {}

  // Training begins in this process, at `step`.
  void start(std::int64_t step);
  // Training resumes at a checkpoint's step, where it had trained for elapsed_sec.
  void restore(std::int64_t step, double elapsed_sec);
  // After each vector step. warming_up: the updates that will slow the run down have not begun.
  void tick(std::int64_t step, bool warming_up);

  // While one lives the run stands still: its time does not enter the recent rate.
  class Pause {
   public:
    Pause(RunClock& clock, PauseKind kind) : clock_(clock), kind_(kind), begin_(clock.now_()) {}
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    RunClock& clock_;
    PauseKind kind_;
    double begin_;
  };

  double elapsed_sec() const { return earlier_sec_ + now_() - start_; }  // of training, in all processes
  double steps_per_sec(std::int64_t step) const;                         // mean since start() or restore()
  // Over the last ten seconds without pauses (over more where steps come in bursts), or since the updates began if that
  // was later. NaN before a fifth of a second.
  double recent_steps_per_sec() const;
  double mean_pause_sec(PauseKind kind) const;  // since start() or restore(); 0 before the first

 private:
  struct Point {
    double sec = 0.0;  // without pauses
    std::int64_t step = 0;
  };
  struct Pauses {
    double sec = 0.0;
    std::int64_t count = 0;
  };
  static constexpr std::size_t kPoints = 40;
  static constexpr double kSpacingSec = 0.25, kShortestSec = 0.2;
  void begin(std::int64_t step);
  void begin_rate(Point at);

  Now now_;
  double start_;
  double earlier_sec_ = 0.0;  // trained before start_
  std::int64_t first_step_ = 0;
  std::array<Point, kPoints> points_{};  // a ring, kSpacingSec apart
  std::size_t num_points_ = 0;           // ever; entry num_points_ mod kPoints is the next
  Point latest_;
  double paused_sec_ = 0.0;
  std::array<Pauses, 3> pauses_{};  // by kind
  bool warming_up_ = false;
};

}  // namespace softac

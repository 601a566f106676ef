// The time of a run: how long it has trained, over all its processes, and how fast it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace softac {

// Seconds of a clock that never goes back.
double monotonic_sec();

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

  double elapsed_sec() const { return earlier_sec_ + now_() - start_; }  // of training, in all processes
  double steps_per_sec(std::int64_t step) const;                         // mean since start() or restore()
  // Over the last half minute, or since the updates began if that was later. NaN before two points of time.
  double recent_steps_per_sec() const;

 private:
  struct Point {
    double sec = 0.0;
    std::int64_t step = 0;
  };
  static constexpr std::size_t kPoints = 64;
  static constexpr double kSpacingSec = 0.5;
  void begin_rate(Point at);

  Now now_;
  double start_;
  double earlier_sec_ = 0.0;  // trained before start_
  std::int64_t first_step_ = 0;
  std::array<Point, kPoints> points_{};  // a ring, kSpacingSec apart
  std::size_t num_points_ = 0;           // ever; entry num_points_ mod kPoints is the next
  Point latest_;
  bool warming_up_ = false;
};

}  // namespace softac

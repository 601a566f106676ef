#include "train/run_clock.h"

#include <chrono>
#include <limits>

namespace softac {

double monotonic_sec() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

RunClock::Pause::~Pause() {
  const double sec = clock_.now_() - begin_;
  Pauses& kind = clock_.pauses_[static_cast<std::size_t>(kind_)];
  kind.sec += sec;
  ++kind.count;
  clock_.paused_sec_ += sec;
}

void RunClock::start(std::int64_t step) {
  begin(step);
}

void RunClock::restore(std::int64_t step, double elapsed_sec) {
  earlier_sec_ = elapsed_sec;
  begin(step);
}

void RunClock::begin(std::int64_t step) {
  start_ = now_();
  first_step_ = step;
  paused_sec_ = 0.0;
  pauses_ = {};
  begin_rate({start_, step});
}

void RunClock::begin_rate(Point at) {
  points_[0] = latest_ = at;
  num_points_ = 1;
}

void RunClock::tick(std::int64_t step, bool warming_up) {
  const Point now{now_() - paused_sec_, step};
  const bool updates_begin = warming_up_ && !warming_up;
  warming_up_ = warming_up;
  if (updates_begin) return begin_rate(now);
  latest_ = now;
  if (now.sec - points_[(num_points_ - 1) % kPoints].sec >= kSpacingSec) points_[num_points_++ % kPoints] = now;
}

double RunClock::steps_per_sec(std::int64_t step) const {
  const double sec = now_() - start_;
  return sec > 0.0 ? static_cast<double>(step - first_step_) / sec : 0.0;
}

double RunClock::recent_steps_per_sec() const {
  const Point oldest = points_[num_points_ <= kPoints ? 0 : num_points_ % kPoints];
  if (!(latest_.sec - oldest.sec >= kShortestSec)) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(latest_.step - oldest.step) / (latest_.sec - oldest.sec);
}

double RunClock::mean_pause_sec(PauseKind kind) const {
  const Pauses& pauses = pauses_[static_cast<std::size_t>(kind)];
  return pauses.count > 0 ? pauses.sec / static_cast<double>(pauses.count) : 0.0;
}

}  // namespace softac

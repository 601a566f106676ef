// The live window of `softac play`: pictures in the task's own time, and the keys.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "render/window.h"
#include "train/play_run.h"

namespace softac::app {

class PlayWindow {
 public:
  PlayWindow(int width, int height, std::string title, double step_seconds);
  ~PlayWindow();
  PlayWindow(const PlayWindow&) = delete;
  PlayWindow& operator=(const PlayWindow&) = delete;

  // Waits until the next state is due; draw() makes its picture, if there is time to show it.
  template <class Draw>
  PlayAnswer state(const PlayState& state, const std::atomic<int>& stop_signal, const Draw& draw) {
    if (is_due() || state.step == 0 || state.ended) show(draw(), state);
    return wait(stop_signal);
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool is_due() const;
  void show(const Image& image, const PlayState& state);
  PlayAnswer wait(const std::atomic<int>& stop_signal);

  Window window_;
  std::string title_;
  double step_seconds_, speed_ = 1.0;
  bool paused_ = false;
  Clock::time_point next_ = Clock::now(), shown_{};
};

}  // namespace softac::app

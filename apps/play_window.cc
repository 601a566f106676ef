#include "play_window.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>
#include <utility>

namespace softac::app {
namespace {

constexpr auto kPictureInterval = std::chrono::milliseconds(15);  // of a display; faster tasks skip pictures
constexpr auto kLookInterval = std::chrono::milliseconds(10);
constexpr auto kMostBehind = std::chrono::milliseconds(250);  // then the clock starts anew
constexpr double kSpeedStep = 1.4142135623730951, kMaxSpeed = 32.0;

}  // namespace

PlayWindow::PlayWindow(int width, int height, std::string title, double step_seconds)
    : window_(width, height, title), title_(std::move(title)), step_seconds_(step_seconds) {
  set_gl_context(window_.context());
}

PlayWindow::~PlayWindow() {
  set_gl_context(nullptr);
}

bool PlayWindow::is_due() const {
  return Clock::now() - shown_ >= kPictureInterval;
}

void PlayWindow::show(const Image& image, const PlayState& state) {
  window_.show(image);
  shown_ = Clock::now();
  char text[96];
  std::snprintf(text, sizeof text, " | episode %d step %lld return %.1f | speed %.3gx", state.episode + 1,
                static_cast<long long>(state.step), state.episode_return, speed_);
  window_.set_title(title_ + text);
}

PlayAnswer PlayWindow::wait(const std::atomic<int>& stop_signal) {
  next_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(step_seconds_ / speed_));
  if (Clock::now() - next_ > kMostBehind) next_ = Clock::now();
  for (;;) {
    const WindowWishes wishes = window_.look();
    if (wishes.quit) return PlayAnswer::stop;
    if (wishes.toggle_pause) paused_ = !paused_;
    if (wishes.faster != 0)
      speed_ = std::clamp(speed_ * std::pow(kSpeedStep, wishes.faster), 1.0 / kMaxSpeed, kMaxSpeed);
    if (wishes.restart) {
      next_ = Clock::now();
      return PlayAnswer::restart;
    }
    if (stop_signal.load() != 0) return PlayAnswer::proceed;  // whoever plays looks at it too
    const auto now = Clock::now();
    if (paused_) {
      next_ = now;
    } else if (now >= next_) {
      return PlayAnswer::proceed;
    }
    std::this_thread::sleep_for(paused_ ? kLookInterval : std::min<Clock::duration>(kLookInterval, next_ - now));
  }
}

}  // namespace softac::app

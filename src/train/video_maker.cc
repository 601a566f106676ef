#include "train/video_maker.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

namespace softac {

namespace {

constexpr auto kPause = std::chrono::milliseconds(20);
constexpr int kPausesToEnd = 250;  // that a process gets to remove what it has begun

// 100000 of "…/step-000100000.2"; −1 where the name is another.
std::int64_t step_of(const std::string& checkpoint) {
  const std::string name = std::filesystem::path(checkpoint).filename().string();
  constexpr const char* kStart = "step-";
  return name.starts_with(kStart) ? std::strtoll(name.c_str() + 5, nullptr, 10) : -1;
}

}  // namespace

VideoMaker::VideoMaker(std::string command, std::string run_dir, std::int64_t video_freq, std::int64_t step,
                       std::function<void(const std::string&)> say)
    : command_(std::move(command)),
      run_dir_(std::move(run_dir)),
      video_freq_(video_freq),
      last_step_(step),
      say_(std::move(say)) {}

VideoMaker::~VideoMaker() {
  if (!child_) return;
  child_->signal(SIGTERM);
  for (int i = 0; i < kPausesToEnd && !child_->ended(); ++i) std::this_thread::sleep_for(kPause);
}

void VideoMaker::warn(const std::string& text) {
  if (!std::exchange(warned_, true)) say_("warning: " + text);
}

void VideoMaker::on_checkpoint(const std::string& path) {
  look();
  const std::int64_t step = step_of(path);
  if (step < 0 || step / video_freq_ <= last_step_ / video_freq_) return;
  if (child_) {
    left_out_ = path;
    if (!std::exchange(said_busy_, true))
      say_("the video of step " + std::to_string(step) + " is left out: " + making_ +
           " is still being made; the next checkpoint has one (video_freq)");
    return;
  }
  last_step_ = step;
  left_out_.clear();
  char name[48];
  std::snprintf(name, sizeof name, "step-%09lld.mp4", static_cast<long long>(step));
  const std::filesystem::path folder = std::filesystem::path(run_dir_) / "videos";
  making_ = (folder / name).string();
  try {
    std::error_code error;
    std::filesystem::create_directory(folder, error);  // what is wrong with it the process says
    child_.emplace(std::vector<std::string>{"nice", "-n", "19", command_, "play", run_dir_, "--step",
                                            std::to_string(step), "--video", making_, "--quiet"});
  } catch (const IoError& error) {
    warn("no videos (video_freq): " + std::string(error.what()));
  }
}

void VideoMaker::look() {
  if (!child_) return;
  const std::optional<int> code = child_->ended();
  if (!code) return;
  const std::string last = child_->last_message();
  child_.reset();
  if (*code != 0)
    warn(making_ + " could not be made (softac play ended with " + std::to_string(*code) + ")" +
         (last.empty() ? "" : ": " + last));
}

void VideoMaker::finish(const StopRequest& stop) {
  look();
  if (child_ && !stop.asked()) say_("waiting for the last videos (video_freq)");
  wait(stop);
  if (!stop.asked() && !left_out_.empty()) on_checkpoint(std::string(left_out_));
  wait(stop);
}

void VideoMaker::wait(const StopRequest& stop) {
  while (child_ && !stop.asked()) {
    look();
    if (child_) std::this_thread::sleep_for(kPause);
  }
}

}  // namespace softac

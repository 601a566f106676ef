// Videos while a run goes on (video_freq): one niced process at a time plays a checkpoint that has been written.
// Nothing of it runs in the training process, and nothing that it does can harm the run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/child_process.h"
#include "base/stop_request.h"

namespace softac {

class VideoMaker {
 public:
  // command: as TrainerOptions::video_command. say: hears of what goes wrong, each kind once. step: where the run is.
  VideoMaker(std::string command, std::string run_dir, std::int64_t video_freq, std::int64_t step,
             std::function<void(const std::string&)> say);
  ~VideoMaker();  // ends a process that still runs
  VideoMaker(const VideoMaker&) = delete;
  VideoMaker& operator=(const VideoMaker&) = delete;

  // The checkpoint of this path is complete. Starts a video of it if one is due and none is being made.
  void on_checkpoint(const std::string& path);
  // Takes note of a process that has ended.
  void look();
  // Waits for the video that is being made, and makes that of the last checkpoint if it is still due, unless asked to
  // stop.
  void finish(const StopRequest& stop);

 private:
  void wait(const StopRequest& stop);
  void warn(const std::string& text);

  std::string command_, run_dir_;
  std::int64_t video_freq_, last_step_;
  std::function<void(const std::string&)> say_;
  std::optional<ChildProcess> child_;
  std::string making_;    // path of the video
  std::string left_out_;  // the newest checkpoint that was due when another video was being made
  bool said_busy_ = false, warned_ = false;
};

}  // namespace softac

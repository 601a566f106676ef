// Pictures into a file: MP4 (H.264), WebM (VP9) and GIF by ffmpeg, or a folder of PNG files by softac itself.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/stop_request.h"
#include "render/image.h"

namespace softac {

enum class VideoKind { mp4, gif, webm, frames };

struct VideoOptions {
  std::string path;
  VideoKind kind = VideoKind::mp4;
  int width = 0, height = 0;    // pixels
  double frame_seconds = 0.05;  // how long one picture is shown
  StopRequest stop = {};        // looked at while ffmpeg completes the video: StoppedError
};

// The kind that a path asks for: by its ending .mp4, .gif or .webm; a folder where it ends in '/' or is one. Throws
// ConfigError for any other.
VideoKind video_kind(FileSystem& fs, const std::string& path);

class VideoWriter {
 public:
  virtual ~VideoWriter() = default;  // of an unfinished one nothing remains
  // Of the size in the options. Throws IoError and DiskError, with the encoder's last message.
  virtual void add(const Image& image) = 0;
  // The video is complete and under its name.
  virtual void finish() = 0;
};

// Checks all that can be known before the first picture. It is written as <path>.tmp and renamed. Throws ConfigError
// (an odd side, where the format halves them; a folder that holds something), IoError (no ffmpeg, with its package; no
// folder to write to).
std::unique_ptr<VideoWriter> make_video_writer(FileSystem& fs, const VideoOptions& options);

}  // namespace softac

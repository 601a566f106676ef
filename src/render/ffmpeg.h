// Video encoding by the program ffmpeg, which reads raw pictures.
#pragma once

#include <memory>

#include "render/video.h"

namespace softac {

// ffmpeg from PATH, or what SOFTAC_FFMPEG names. The same pictures give the same bytes with the same ffmpeg.
std::unique_ptr<VideoWriter> make_ffmpeg_writer(FileSystem& fs, const VideoOptions& options);

}  // namespace softac

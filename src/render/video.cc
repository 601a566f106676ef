#include "render/video.h"

#include <cstdio>
#include <filesystem>

#include "base/atomic_file.h"
#include "render/ffmpeg.h"
#include "render/png.h"
#include "softac/error.h"

namespace softac {

namespace {

// The path of a folder without the '/' at its end.
std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

class FrameFolder final : public VideoWriter {
 public:
  FrameFolder(FileSystem& fs, const std::string& path) : fs_(fs), path_(without_slash(path)), temporary_(path_) {
    temporary_ += ".tmp";
    if (fs_.exists(temporary_))
      throw ConfigError(temporary_.string() + " is in the way: an earlier call may have left it behind; remove it");
    fs_.make_directories(temporary_);
  }
  ~FrameFolder() override {
    if (finished_) return;
    try {
      remove_tree(fs_, temporary_);
    } catch (const Error&) {
      // What remains is named .tmp.
    }
  }
  FrameFolder(const FrameFolder&) = delete;
  FrameFolder& operator=(const FrameFolder&) = delete;

  void add(const Image& image) override {
    char name[32];
    std::snprintf(name, sizeof name, "%06lld.png", ++count_);
    const auto file = fs_.open_write(temporary_ / name, WriteMode::create_new);
    file->write(std::span<const std::byte>(encode_png(image)));
    file->close();
  }
  void finish() override {
    fs_.sync_directory(temporary_);
    fs_.rename(temporary_, path_);
    finished_ = true;
    if (path_.has_parent_path()) fs_.sync_directory(path_.parent_path());
  }

 private:
  FileSystem& fs_;
  Path path_, temporary_;
  long long count_ = 0;
  bool finished_ = false;
};

void check_place(FileSystem& fs, const VideoOptions& options) {
  const Path path = without_slash(options.path), folder = path.has_parent_path() ? path.parent_path() : Path(".");
  if (!fs.is_directory(folder)) throw IoError(folder.string() + ": no such folder; a video cannot be written there");
  const FileKind found = fs.kind(path);
  if (options.kind == VideoKind::frames) {
    if (found != FileKind::missing && found != FileKind::directory)
      throw ConfigError(path.string() + ": is a file; a folder for the pictures was expected");
    if (found == FileKind::directory && !fs.list(path).empty())
      throw ConfigError(path.string() + ": the folder holds something; pictures go into a new or empty one");
  } else if (found != FileKind::missing && found != FileKind::file) {
    throw ConfigError(path.string() + ": is not a file that a video could replace");
  }
}

}  // namespace

VideoKind video_kind(FileSystem& fs, const std::string& path) {
  if (path.ends_with(".mp4")) return VideoKind::mp4;
  if (path.ends_with(".gif")) return VideoKind::gif;
  if (path.ends_with(".webm")) return VideoKind::webm;
  if (path.ends_with('/') || fs.is_directory(path)) return VideoKind::frames;
  throw ConfigError("--video " + path +
                    ": its name must end in .mp4, .webm or .gif, or in / for a folder of PNG files");
}

std::unique_ptr<VideoWriter> make_video_writer(FileSystem& fs, const VideoOptions& options) {
  check_place(fs, options);
  if (options.kind == VideoKind::frames) return std::make_unique<FrameFolder>(fs, options.path);
  const bool halved = options.kind != VideoKind::gif;  // both formats keep colours at half the resolution
  if (halved && (options.width % 2 != 0 || options.height % 2 != 0)) {
    throw ConfigError("a video of " + std::to_string(options.width) + "x" + std::to_string(options.height) +
                      " pixels: both sides must be even in this format");
  }
  return make_ffmpeg_writer(fs, options);
}

}  // namespace softac

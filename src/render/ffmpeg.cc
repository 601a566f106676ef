#include "render/ffmpeg.h"

#include <signal.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "base/child_process.h"
#include "render/gl_context.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr double kMaxGifRate = 50.0;  // viewers show nothing faster: delays are whole hundredths of a second

std::string rate_text(double frame_seconds) {
  const double rate = 1.0 / frame_seconds;
  if (std::fabs(rate - std::round(rate)) < 1e-6 * rate) return std::to_string(std::llround(rate));
  return "1000000/" + std::to_string(std::llround(1e6 * frame_seconds));
}

std::vector<std::string> encoder(VideoKind kind) {
  switch (kind) {
    case VideoKind::mp4:
      return {"-c:v", "libx264",  "-threads", "1",         "-preset",    "veryfast", "-crf",
              "23",   "-pix_fmt", "yuv420p",  "-movflags", "+faststart", "-f",       "mp4"};
    case VideoKind::webm:
      return {"-c:v", "libvpx-vp9", "-threads", "1", "-deadline", "realtime", "-cpu-used", "7",
              "-crf", "34",         "-b:v",     "0", "-pix_fmt",  "yuv420p",  "-f",        "webm"};
    case VideoKind::gif:  // a palette for each picture, so that no more than one of them waits
      return {"-vf", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none", "-f", "gif"};
    case VideoKind::frames:
      break;
  }
  throw ContractError("not a format of ffmpeg");
}

std::string ffmpeg_name() {
  const char* given = std::getenv("SOFTAC_FFMPEG");
  return given != nullptr && *given != '\0' ? given : "ffmpeg";
}

class FfmpegWriter final : public VideoWriter {
 public:
  FfmpegWriter(FileSystem& fs, const VideoOptions& options)
      : fs_(fs), path_(options.path), temporary_(options.path), stop_(options.stop) {
    temporary_ += ".tmp";
    const double rate = 1.0 / options.frame_seconds;
    if (options.kind == VideoKind::gif) every_ = static_cast<long long>(std::ceil(rate / kMaxGifRate - 1e-9));
    std::vector<std::string> arguments = {ffmpeg_name(),
                                          "-loglevel",
                                          "error",
                                          "-nostdin",
                                          "-y",
                                          "-f",
                                          "rawvideo",
                                          "-pixel_format",
                                          "rgb24",
                                          "-video_size",
                                          std::to_string(options.width) + "x" + std::to_string(options.height),
                                          "-framerate",
                                          rate_text(options.frame_seconds * static_cast<double>(every_)),
                                          "-i",
                                          "pipe:0",
                                          "-an",
                                          "-bitexact",
                                          "-fflags",
                                          "+bitexact",
                                          "-flags:v",
                                          "+bitexact"};
    for (std::string& argument : encoder(options.kind)) arguments.push_back(std::move(argument));
    // A file name that begins with '-' or holds ':' is no option and no protocol.
    arguments.push_back("file:" + temporary_.string());
    try {
      child_.emplace(arguments, ChildOptions{.feeds = true});
    } catch (const ProgramMissingError&) {
      throw IoError(needs_packages("videos need the program ffmpeg", "ffmpeg"));
    }
  }
  ~FfmpegWriter() override {
    child_.reset();
    remove_temporary();
  }
  FfmpegWriter(const FfmpegWriter&) = delete;
  FfmpegWriter& operator=(const FfmpegWriter&) = delete;

  void add(const Image& image) override {
    if (count_++ % every_ != 0) return;
    if (!child_->send(std::as_bytes(std::span(image.rgb)))) fail();
  }

  void finish() override {
    child_->end_input();
    while (!child_->ended()) {
      if (stop_.asked()) throw stop_.error("while ffmpeg completed " + path_.string());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (child_->wait() != 0 || !fs_.exists(temporary_)) fail();
    const auto file = fs_.open_write(temporary_, WriteMode::append);
    file->sync();
    file->close();
    fs_.rename(temporary_, path_);
    if (path_.has_parent_path()) fs_.sync_directory(path_.parent_path());
  }

 private:
  [[noreturn]] void fail() {
    child_->end_input();
    const int code = child_->wait();
    const std::string last = child_->last_message();
    std::string text = path_.string() + ": ffmpeg ended before the video was complete";
    text += code > 128 ? " (signal " + std::to_string(code - 128) + ")" : " (exit code " + std::to_string(code) + ")";
    if (!last.empty()) text += ": " + last;
    if (code == 128 + SIGXFSZ) throw DiskError(text + ": the file reached the size limit of the process");
    for (const char* reason :
         {"No space left on device", "Disk quota exceeded", "File too large", "Input/output error"}) {
      if (last.find(reason) != std::string::npos) throw DiskError(text);
    }
    throw IoError(text);
  }
  void remove_temporary() {
    try {
      if (fs_.exists(temporary_)) fs_.remove(temporary_);
    } catch (const Error&) {
      // What remains is named .tmp.
    }
  }

  FileSystem& fs_;
  Path path_, temporary_;
  StopRequest stop_;
  long long every_ = 1, count_ = 0;
  std::optional<ChildProcess> child_;
};

}  // namespace

std::unique_ptr<VideoWriter> make_ffmpeg_writer(FileSystem& fs, const VideoOptions& options) {
  return std::make_unique<FfmpegWriter>(fs, options);
}

}  // namespace softac

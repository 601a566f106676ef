// Video files: what is refused before the first picture, frames/, and encoders that are missing, die or find no disk.
#include "render/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "softac/error.h"

namespace softac {
namespace {

using testing::HasSubstr;

class Video : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("softac_video_" + std::to_string(getpid()) +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    unsetenv("SOFTAC_FFMPEG");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void encoder(const std::string& script) const {
    std::ofstream(path("encoder")) << "#!/bin/sh\n" << script;
    chmod(path("encoder").c_str(), 0755);
    setenv("SOFTAC_FFMPEG", path("encoder").c_str(), 1);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }
  static Image picture(int width, int height) {
    Image image;
    image.resize(width, height);
    return image;
  }
  template <class Exception>
  static std::string message_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Exception& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing of that type thrown";
    return "";
  }

  std::filesystem::path folder_;
  FileSystem& fs_ = posix_file_system();
};

TEST_F(Video, KindsByTheName) {
  EXPECT_EQ(video_kind(fs_, "a.mp4"), VideoKind::mp4);
  EXPECT_EQ(video_kind(fs_, "a.webm"), VideoKind::webm);
  EXPECT_EQ(video_kind(fs_, "a.gif"), VideoKind::gif);
  EXPECT_EQ(video_kind(fs_, "frames/"), VideoKind::frames);
  EXPECT_EQ(video_kind(fs_, folder_.string()), VideoKind::frames);
  for (const char* name : {"a.avi", "a", "mp4", ".MP4", "a.mp4.txt"})
    EXPECT_THAT(message_of<ConfigError>([&] { video_kind(fs_, name); }), HasSubstr(".mp4, .webm or .gif"));
}

TEST_F(Video, BadPlacesAndSizesAreRefused) {
  EXPECT_THROW(make_video_writer(fs_, {path("none/a.mp4"), VideoKind::mp4, 16, 16}), IoError);
  std::filesystem::create_directory(path("dir.mp4"));
  EXPECT_THROW(make_video_writer(fs_, {path("dir.mp4"), VideoKind::mp4, 16, 16}), ConfigError);
  for (const VideoKind kind : {VideoKind::mp4, VideoKind::webm}) {
    EXPECT_THAT(message_of<ConfigError>([&] {
                  make_video_writer(fs_, {path("a.mp4"), kind, 17, 16});
                }),
                HasSubstr("even"));
    EXPECT_THROW(make_video_writer(fs_, {path("a.mp4"), kind, 16, 17}), ConfigError);
  }
  std::ofstream(path("file")) << "x";
  EXPECT_THROW(make_video_writer(fs_, {path("file/"), VideoKind::frames, 16, 16}), ConfigError);
  std::filesystem::create_directory(path("full"));
  std::ofstream(path("full/x")) << "x";
  EXPECT_THAT(message_of<ConfigError>([&] {
                make_video_writer(fs_, {path("full/"), VideoKind::frames, 16, 16});
              }),
              HasSubstr("holds something"));
  EXPECT_EQ(names(), (std::vector<std::string>{"dir.mp4", "file", "full"}));
}

TEST_F(Video, FramesAppearTogetherOrNotAtAll) {
  const auto open = [&] { return make_video_writer(fs_, {path("frames/"), VideoKind::frames, 16, 16}); };
  auto writer = open();
  writer->add(picture(16, 16));
  writer->add(picture(16, 16));
  EXPECT_FALSE(std::filesystem::exists(path("frames")));
  EXPECT_THROW(open(), ConfigError);  // two at a time
  writer.reset();
  EXPECT_TRUE(names().empty());
  writer = open();
  writer->add(picture(16, 16));
  writer->finish();
  writer.reset();
  EXPECT_EQ(names(), std::vector<std::string>{"frames"});
  EXPECT_TRUE(std::filesystem::exists(path("frames/000001.png")));
}

TEST_F(Video, MissingEncoderIsNamedWithItsPackage) {
  setenv("SOFTAC_FFMPEG", "no-such-encoder", 1);
  EXPECT_THAT(message_of<IoError>([&] {
                make_video_writer(fs_, {path("a.mp4"), VideoKind::mp4, 16, 16});
              }),
              HasSubstr("sudo apt-get install ffmpeg"));
}

// Feeds pictures until the writer notices.
void feed(VideoWriter& writer, const Image& image) {
  for (int i = 0; i < 2000; ++i) writer.add(image);
  writer.finish();
}

TEST_F(Video, DyingEncoderLeavesNothing) {
  const VideoOptions options = {path("a.mp4"), VideoKind::mp4, 64, 64};
  std::ofstream(path("a.mp4")) << "the old one";
  encoder(
      "for last; do :; done\nhead -c 20000 > \"${last#file:}\"\necho 'first line' >&2\necho 'codec fell over' "
      ">&2\nexit 7\n");
  {
    auto writer = make_video_writer(fs_, options);
    EXPECT_THAT(message_of<IoError>([&] { feed(*writer, picture(64, 64)); }),
                HasSubstr("(exit code 7): codec fell over"));
  }
  encoder("head -c 20000 > /dev/null\nkill -9 $$\n");
  {
    auto writer = make_video_writer(fs_, options);
    EXPECT_THAT(message_of<IoError>([&] { feed(*writer, picture(64, 64)); }), HasSubstr("(signal 9)"));
  }
  encoder("cat > /dev/null\necho 'a.mp4: No space left on device' >&2\nexit 1\n");
  {
    auto writer = make_video_writer(fs_, options);
    EXPECT_THAT(message_of<DiskError>([&] { feed(*writer, picture(64, 64)); }), HasSubstr("No space left"));
  }
  encoder("cat > /dev/null\n");  // writes nothing, and is content
  {
    auto writer = make_video_writer(fs_, options);
    EXPECT_THROW(feed(*writer, picture(64, 64)), IoError);
  }
  encoder("for last; do :; done\necho half > \"${last#file:}\"\nsleep 60\n");
  {
    auto writer = make_video_writer(fs_, options);
    writer->add(picture(16, 16));
  }  // given up: ended and removed
  EXPECT_EQ(names(), (std::vector<std::string>{"a.mp4", "encoder"}));
  std::string kept;
  std::getline(std::ifstream(path("a.mp4")), kept);
  EXPECT_EQ(kept, "the old one");
}

TEST_F(Video, EncoderIsToldSizeAndRate) {
  encoder("for last; do :; done\ncat > /dev/null\necho \"$@\" > \"${last#file:}\"\n");
  const auto arguments = [&](VideoOptions options) {
    options.path = path("a.out");
    make_video_writer(fs_, options)->finish();
    std::string text;
    std::getline(std::ifstream(options.path), text);
    return text;
  };
  EXPECT_THAT(arguments({"", VideoKind::mp4, 64, 48, 0.05}), HasSubstr("-video_size 64x48 -framerate 20 "));
  EXPECT_THAT(arguments({"", VideoKind::mp4, 64, 48, 0.015}), HasSubstr("-framerate 1000000/15000 "));
  EXPECT_THAT(arguments({"", VideoKind::webm, 64, 48, 1.0 / 30.0}), HasSubstr("-framerate 30 "));
  EXPECT_THAT(arguments({"", VideoKind::gif, 63, 47, 0.008}), HasSubstr("-framerate 1000000/24000 "));  // every third
}

}  // namespace
}  // namespace softac

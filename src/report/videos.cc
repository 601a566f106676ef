#include "report/videos.h"

#include <array>
#include <string_view>

#include "base/text.h"
#include "report/base64.h"

namespace softac::report {
namespace {

struct Kind {
  std::string_view ending, type, mark;
  std::size_t at;  // of the mark
};
constexpr std::array<Kind, 3> kKinds = {{{".mp4", "video/mp4", "ftyp", 4},
                                         {".webm", "video/webm", "\x1A\x45\xDF\xA3", 0},
                                         {".gif", "image/gif", "GIF8", 0}}};

std::string shown(std::uint64_t bytes) {
  return bytes_text(bytes);
}

}  // namespace

std::vector<Video> read_videos(FileSystem& fs, const Path& run_dir, std::uint64_t& budget) {
  std::vector<Video> videos;
  const Path dir = run_dir / "videos";
  if (!fs.is_directory(dir)) return videos;
  for (const std::string& name : fs.list(dir)) {
    for (const Kind& kind : kKinds) {
      if (!name.ends_with(kind.ending) || fs.kind(dir / name) != FileKind::file) continue;
      Video video{name, std::string(kind.type), ""};
      const std::uint64_t size = fs.size(dir / name);
      if (size > kMaxVideoBytes) {
        video.left_out = shown(size) + ", more than the " + shown(kMaxVideoBytes) + " that one video may have";
      } else if (size > budget) {
        video.left_out = "all videos together would have more than " + shown(kMaxAllVideoBytes);
      } else {
        const std::vector<std::byte> bytes = fs.read_file(dir / name, kMaxVideoBytes);
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (text.size() < kind.at || !text.substr(kind.at).starts_with(kind.mark)) {
          video.left_out = "not a " + std::string(kind.ending.substr(1)) + " file";
        } else {
          video.data = base64(bytes);
          budget -= size;
        }
      }
      videos.push_back(std::move(video));
    }
  }
  return videos;
}

}  // namespace softac::report

// Videos of runs, for a page that holds them itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace softac::report {

constexpr std::uint64_t kMaxVideoBytes = std::uint64_t{4} << 20;      // of one file
constexpr std::uint64_t kMaxAllVideoBytes = std::uint64_t{24} << 20;  // of all together

struct Video {
  std::string name;           // of the file
  std::string type;           // "video/mp4", "video/webm", "image/gif"
  std::string data;           // base64; "": left out
  std::string left_out = {};  // why
};

// The mp4, webm and gif files in run_dir/videos, by name; `budget` is what is left of kMaxAllVideoBytes, and is
// lowered. A file whose first bytes are not of its kind is left out.
std::vector<Video> read_videos(FileSystem& fs, const Path& run_dir, std::uint64_t& budget);

}  // namespace softac::report

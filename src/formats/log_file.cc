#include "formats/log_file.h"

#include <array>
#include <ctime>
#include <string>

namespace softac {

LogFile::LogFile(FileSystem& fs, const Path& path, std::optional<std::uint64_t> resume_at)
    : file_(fs, path,
            resume_at         ? resume_at
            : fs.exists(path) ? std::optional(fs.size(path))
                              : std::nullopt) {}

void LogFile::write(double wall_time_sec, std::string_view text) {
  const auto seconds = static_cast<std::time_t>(wall_time_sec);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> time{};
  const std::size_t time_bytes = std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ ", &utc);
  std::string lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.append(time.data(), time_bytes).append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  file_.append(lines);
  file_.flush();
}

}  // namespace softac

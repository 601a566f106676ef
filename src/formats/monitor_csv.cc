#include "formats/monitor_csv.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "formats/csv_lines.h"
#include "formats/number_text.h"
#include "formats/strict_json.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::size_t kMaxHeaderLine = 65536;

}  // namespace

double parse_monitor_start(std::string_view text, const std::string& source) {
  const std::size_t end = text.find('\n');
  if (end != std::string_view::npos && text.starts_with("#{")) {
    const Json header = parse_strict_json(text.substr(1, end - 1), source + ": line 1");
    if (header.contains("t_start") && header["t_start"].is_number()) return header["t_start"].get<double>();
  }
  throw IoError(source + ": line 1 is not the header of a monitor file, #{\"t_start\": …}");
}

namespace {

double read_start(FileSystem& fs, const Path& path) {
  const auto file = fs.open_read(path);
  std::string text(std::min<std::uint64_t>(file->size(), kMaxHeaderLine), '\0');
  file->read_at(0, std::as_writable_bytes(std::span(text)));
  return parse_monitor_start(text, path.string());
}

}  // namespace

std::vector<MonitorEpisode> parse_monitor_episodes(std::string_view text, const std::string& source) {
  std::vector<MonitorEpisode> out;
  CsvLines lines(text, source);
  if (!lines.next()) return out;
  parse_monitor_start(text, source);
  if (lines.next() && lines.line() != "r,l,t") lines.fail("expected the header r,l,t");
  while (lines.next()) {
    lines.fields(3);
    out.push_back({lines.number(0), lines.count(1), lines.number(2)});
  }
  return out;
}

MonitorCsv::MonitorCsv(FileSystem& fs, const Path& path, const std::string& env_id, double start_wall_time_sec,
                       std::optional<std::uint64_t> resume_at)
    : file_(fs, path, resume_at), start_wall_time_sec_(start_wall_time_sec) {
  if (file_.position() > 0) {
    start_wall_time_sec_ = read_start(fs, path);
    return;
  }
  std::string header = "#{\"t_start\": ";
  append_json_number(header, start_wall_time_sec);
  header += ", \"env_id\": ";
  append_json_string(header, env_id);
  header += "}\nr,l,t\n";
  file_.append(header);
}

void MonitorCsv::write(double episode_return, std::int64_t length, double time_sec) {
  std::string line;
  append_number(line, episode_return);
  line.append(",").append(std::to_string(length)).append(",");
  std::array<char, 400> time;  // enough for any double
  line.append(time.data(),
              std::to_chars(time.data(), time.data() + time.size(), time_sec, std::chars_format::fixed, 6).ptr);
  line += '\n';
  file_.append(line);
}

}  // namespace softac

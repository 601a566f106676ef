// monitor.csv in the format of Stable-Baselines3's Monitor: a JSON comment line, then r,l,t per episode. One file holds
// the episodes of all training environments, in the order in which they ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/append_file.h"

namespace softac {

// t_start (seconds since the epoch, finite) of a monitor file that begins with `text`. Throws IoError unless its first
// line is the header that MonitorCsv writes; `source` names the file.
double parse_monitor_start(std::string_view text, const std::string& source);

struct MonitorEpisode {
  double episode_return = 0.0;
  std::int64_t length = 0;
  double time_sec = 0.0;  // since the start time

  friend bool operator==(const MonitorEpisode&, const MonitorEpisode&) = default;
};
// The episodes of a monitor file, without a last line that is not complete yet. Throws IoError with the line that is
// wrong; `source` names the file.
std::vector<MonitorEpisode> parse_monitor_episodes(std::string_view text, const std::string& source);

class MonitorCsv {
 public:
  // start_wall_time_sec: seconds since the epoch; episode times count from it. With resume_at (a position() of an
  // earlier process) the file continues there, keeping its header.
  MonitorCsv(FileSystem& fs, const Path& path, const std::string& env_id, double start_wall_time_sec,
             std::optional<std::uint64_t> resume_at = {});

  // episode_return: undiscounted sum of rewards. time_sec: since the start time, kept to the microsecond.
  void write(double episode_return, std::int64_t length, double time_sec);
  void flush() { file_.flush(); }
  void sync() { file_.sync(); }
  void close() { file_.close(); }
  std::uint64_t position() const { return file_.position(); }  // bytes
  const Path& path() const { return file_.path(); }
  bool failed() const { return file_.failed(); }
  double start_wall_time_sec() const { return start_wall_time_sec_; }  // as the header has it (of the first process)

 private:
  AppendFile file_;
  double start_wall_time_sec_;
};

}  // namespace softac

// log.txt: what a run said, one line per event, each with its UTC time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/append_file.h"

namespace softac {

class LogFile {
 public:
  // Appends to a file that exists, from byte resume_at on if that is given.
  LogFile(FileSystem& fs, const Path& path, std::optional<std::uint64_t> resume_at = {});

  // "2026-01-31T12:34:56Z text": line ends inside the text become new lines with the same time. Flushed at once.
  void write(double wall_time_sec, std::string_view text);
  void sync() { file_.sync(); }
  void close() { file_.close(); }
  std::uint64_t position() const { return file_.position(); }  // bytes
  const Path& path() const { return file_.path(); }
  bool failed() const { return file_.failed(); }

 private:
  AppendFile file_;
};

}  // namespace softac

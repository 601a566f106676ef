// A buffered file that only grows: what the append-only sinks share. It fails once: the first error throws, and from
// then on every call does nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace softac {

class AppendFile {
 public:
  // Without resume_at the file is new or emptied; with it, the file is cut to that many bytes (IoError if it is
  // shorter).
  AppendFile(FileSystem& fs, Path path, std::optional<std::uint64_t> resume_at = {});

  void append(std::string_view text);  // flushes when 64 KiB have gathered
  void flush();                        // to the system
  void sync();                         // to the device
  void close();

  std::uint64_t position() const { return position_; }  // bytes so far, the buffered ones included
  const Path& path() const { return path_; }
  bool failed() const { return failed_; }

 private:
  template <class Operation>
  void guarded(Operation&& operation);

  Path path_;
  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  std::uint64_t position_ = 0;
  bool failed_ = false;
};

}  // namespace softac

// What the sinks that only append share: everything but write().
#pragma once

#include <optional>

#include "formats/append_file.h"
#include "formats/metrics_sink.h"

namespace softac {

class AppendSink : public MetricsSink {
 public:
  AppendSink(FileSystem& fs, const Path& path, std::optional<std::uint64_t> resume_at) : file_(fs, path, resume_at) {}

  void flush() override { file_.flush(); }
  void sync() override { file_.sync(); }
  void close() override { file_.close(); }
  std::uint64_t position() const override { return file_.position(); }
  const Path& path() const override { return file_.path(); }
  bool failed() const override { return file_.failed(); }

 protected:
  AppendFile file_;
};

}  // namespace softac

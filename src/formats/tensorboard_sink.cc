// TensorBoard event files: frames around protocol-buffer messages (tensorboard/compat/proto/event.proto,
// summary.proto):
//   Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
//   Summary { repeated Value value = 1; }      Value { string tag = 1; float simple_value = 2; }
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>

#include "formats/append_sink.h"
#include "formats/event_frame.h"
#include "formats/protobuf.h"

namespace softac {

namespace {

class TensorBoardSink : public AppendSink {
 public:
  TensorBoardSink(FileSystem& fs, const Path& path, double start_wall_time_sec, std::optional<std::uint64_t> resume_at)
      : AppendSink(fs, path, resume_at) {
    if (position() > 0) return;
    event_.add(1, start_wall_time_sec);
    event_.add(3, "brain.Event:2");
    append_record();
  }

  void write(std::int64_t step, double wall_time_sec, std::span<const Metric> metrics) override {
    summary_.clear();
    for (const Metric& metric : metrics) {
      value_.clear();
      value_.add(1, metric.name);
      value_.add(2, static_cast<float>(metric.value));
      summary_.add(1, value_);
    }
    event_.add(1, wall_time_sec);
    event_.add(2, step);
    event_.add(5, summary_);
    append_record();
  }

 private:
  // Empties event_.
  void append_record() {
    frame_.clear();
    append_event_frame(frame_, event_.bytes());
    file_.append(frame_);
    event_.clear();
  }

  ProtoMessage value_, summary_, event_;  // reused from row to row
  std::string frame_;                     // likewise
};

}  // namespace

std::unique_ptr<MetricsSink> make_tensorboard_sink(FileSystem& fs, const Path& path, double start_wall_time_sec,
                                                   std::optional<std::uint64_t> resume_at) {
  return std::make_unique<TensorBoardSink>(fs, path, start_wall_time_sec, resume_at);
}

std::string tensorboard_file_name(double wall_time_sec) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%010" PRId64, static_cast<std::int64_t>(wall_time_sec));
  const std::string name = host[0] != '\0' ? host.data() : "localhost";
  return "events.out.tfevents." + std::string(seconds.data()) + "." + name + "." + std::to_string(::getpid());
}

}  // namespace softac

// TensorBoard event files: TFRecord frames (tensorflow/core/lib/io/record_writer.h) around protocol-buffer messages
// (tensorboard/compat/proto/event.proto, summary.proto):
//   Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
//   Summary { repeated Value value = 1; }      Value { string tag = 1; float simple_value = 2; }
#include <unistd.h>

#include <array>
#include <bit>
#include <cinttypes>
#include <concepts>
#include <cstdio>

#include "base/crc32c.h"
#include "formats/append_sink.h"

namespace softac {

namespace {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <std::unsigned_integral T>
void append_fixed(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  out += static_cast<char>(value);
}

void append_tag(std::string& out, std::uint64_t field, WireType type) {
  append_varint(out, field << 3 | type);
}

void append_double(std::string& out, std::uint64_t field, double value) {
  append_tag(out, field, kFixed64);
  append_fixed(out, std::bit_cast<std::uint64_t>(value));
}

void append_float(std::string& out, std::uint64_t field, float value) {
  append_tag(out, field, kFixed32);
  append_fixed(out, std::bit_cast<std::uint32_t>(value));
}

void append_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  append_tag(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

// The checksum of a frame is rotated and shifted, so that a checksum of data with embedded checksums stays sound.
std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(std::as_bytes(std::span(bytes))), 15) + 0xa282ead8u;
}

class TensorBoardSink : public AppendSink {
 public:
  TensorBoardSink(FileSystem& fs, const Path& path, double start_wall_time_sec, std::optional<std::uint64_t> resume_at)
      : AppendSink(fs, path, resume_at) {
    if (position() > 0) return;
    append_double(event_, 1, start_wall_time_sec);
    append_bytes(event_, 3, "brain.Event:2");
    append_record();
  }

  void write(std::int64_t step, double wall_time_sec, std::span<const Metric> metrics) override {
    summary_.clear();
    for (const Metric& metric : metrics) {
      value_.clear();
      append_bytes(value_, 1, metric.name);
      append_float(value_, 2, static_cast<float>(metric.value));
      append_bytes(summary_, 1, value_);
    }
    append_double(event_, 1, wall_time_sec);
    append_tag(event_, 2, kVarint);
    append_varint(event_, static_cast<std::uint64_t>(step));
    append_bytes(event_, 5, summary_);
    append_record();
  }

 private:
  // Frame: length (8 bytes), its checksum (4), the event, its checksum (4). Empties event_.
  void append_record() {
    frame_.clear();
    append_fixed(frame_, static_cast<std::uint64_t>(event_.size()));
    append_fixed(frame_, masked_crc(frame_));
    frame_ += event_;
    append_fixed(frame_, masked_crc(event_));
    file_.append(frame_);
    event_.clear();
  }

  std::string value_, summary_, event_, frame_;  // reused from row to row
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

// metrics.jsonl; see metrics_sink.h.
#include "formats/append_sink.h"
#include "formats/number_text.h"

namespace softac {

namespace {

class JsonlSink : public AppendSink {
 public:
  using AppendSink::AppendSink;

  void write(std::int64_t step, double wall_time_sec, std::span<const Metric> metrics) override {
    line_ = "{\"step\": " + std::to_string(step) + ", \"wall_time\": ";
    append_json_number(line_, wall_time_sec);
    for (const Metric& metric : metrics) {
      line_ += ", ";
      append_json_string(line_, metric.name);
      line_ += ": ";
      append_json_number(line_, metric.value);
    }
    line_ += "}\n";
    file_.append(line_);
  }

 private:
  std::string line_;
};

}  // namespace

std::unique_ptr<MetricsSink> make_jsonl_sink(FileSystem& fs, const Path& path, std::optional<std::uint64_t> resume_at) {
  return std::make_unique<JsonlSink>(fs, path, resume_at);
}

}  // namespace softac

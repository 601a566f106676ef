// progress.csv; see metrics_sink.h.
#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "formats/append_file.h"
#include "formats/metrics_sink.h"
#include "formats/number_text.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 32;

class CsvSink : public MetricsSink {
 public:
  CsvSink(FileSystem& fs, const Path& path, std::optional<std::uint64_t> resume_at) : fs_(fs), path_(path) {
    if (resume_at && *resume_at > 0) {
      keep_rows(*resume_at);
    } else {
      file_ = std::make_unique<AppendFile>(fs_, path_);
    }
  }

  void write(std::int64_t, double, std::span<const Metric> metrics) override {
    guarded([&] {
      add_columns(metrics);
      std::vector<const Metric*> row(columns_.size(), nullptr);
      for (const Metric& metric : metrics) row[columns_.find(metric.name)->second] = &metric;
      line_.clear();
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) line_ += ',';
        if (row[i] != nullptr) append_number(line_, row[i]->value);
      }
      line_ += '\n';
      file_->append(line_);
      ++num_rows_;
    });
  }

  void flush() override {
    guarded([&] { file_->flush(); });
  }
  void sync() override {
    guarded([&] { file_->sync(); });
  }
  void close() override {
    guarded([&] { file_->close(); });
    closed_ = true;
  }
  std::uint64_t position() const override { return num_rows_; }
  const Path& path() const override { return path_; }
  bool failed() const override { return failed_; }

 private:
  template <class Operation>
  void guarded(Operation&& operation) {
    if (failed_ || closed_) return;
    try {
      operation();
    } catch (...) {
      failed_ = true;
      throw;
    }
  }

  // Gives every new name a column; the rows so far get an empty value there.
  void add_columns(std::span<const Metric> metrics) {
    std::vector<std::string> added;
    for (const Metric& metric : metrics) {
      SOFTAC_REQUIRE(!metric.name.empty() && metric.name.find_first_of(",\"\r\n") == std::string_view::npos,
                     metric.name);
      if (columns_.find(metric.name) == columns_.end()) added.emplace_back(metric.name);
    }
    if (added.empty()) return;
    std::sort(added.begin(), added.end());
    const bool first = columns_.empty();
    for (const std::string& name : added) {
      const bool is_new = columns_.emplace(name, columns_.size()).second;
      SOFTAC_REQUIRE(is_new, name);
      header_.append(header_.empty() ? "" : ",").append(name);
    }
    if (first) {
      file_->append(header_ + "\n");
      return;
    }
    file_->close();
    const std::string old = fs_.read_text(path_, kMaxFileBytes);
    const std::string tail(added.size(), ',');
    std::string text = header_ + "\n";
    text.reserve(old.size() + text.size() + num_rows_ * tail.size());
    for (std::size_t begin = old.find('\n') + 1, end; begin < old.size(); begin = end + 1) {
      end = old.find('\n', begin);
      text.append(old, begin, end - begin).append(tail).append("\n");
    }
    replace_file(text);
  }

  // Reads the columns and the first num_rows rows of an earlier process; drops the rest.
  void keep_rows(std::uint64_t num_rows) {
    std::string text = fs_.read_text(path_, kMaxFileBytes);
    std::size_t end = 0;  // of the part to keep
    for (std::uint64_t line = 0; line <= num_rows; ++line) {
      const std::size_t line_end = text.find('\n', end);
      if (line_end == std::string::npos) {
        throw IoError(path_.string() + ": it holds " + std::to_string(line == 0 ? 0 : line - 1) +
                      " complete rows, expected at least " + std::to_string(num_rows));
      }
      if (line == 0) read_header(text.substr(0, line_end));
      end = line_end + 1;
    }
    num_rows_ = num_rows;
    text.resize(end);
    replace_file(text);
  }

  void read_header(const std::string& line) {
    header_ = line;
    for (std::size_t begin = 0, end; begin <= line.size(); begin = end + 1) {
      end = std::min(line.find(',', begin), line.size());
      const std::string name = line.substr(begin, end - begin);
      if (name.empty() || !columns_.emplace(name, columns_.size()).second) {
        throw IoError(path_.string() + ": the column name \"" + name + "\" in line 1 is empty or there twice");
      }
    }
  }

  void replace_file(const std::string& text) {
    write_file_atomic(fs_, path_, text);
    file_ = std::make_unique<AppendFile>(fs_, path_, text.size());
  }

  FileSystem& fs_;
  Path path_;
  std::unique_ptr<AppendFile> file_;
  std::map<std::string, std::size_t, std::less<>> columns_;  // name to index
  std::string header_, line_;
  std::uint64_t num_rows_ = 0;
  bool failed_ = false;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<MetricsSink> make_csv_sink(FileSystem& fs, const Path& path, std::optional<std::uint64_t> resume_at) {
  return std::make_unique<CsvSink>(fs, path, resume_at);
}

}  // namespace softac

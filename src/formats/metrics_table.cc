#include "formats/metrics_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/json.h"
#include "formats/csv_lines.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr double kNotRecorded = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostSteps = 9007199254740992.0;  // 2^53: whole numbers beyond it are not exact

bool is_step_count(double value) {
  return value >= 0.0 && value <= kMostSteps && value == std::floor(value);
}

// Fills a table, finding columns by name.
class TableBuilder {
 public:
  std::size_t column(std::string_view name) {
    const auto found = index_.find(name);
    if (found != index_.end()) return found->second;
    table_.columns.push_back({std::string(name), {}, {}});
    return index_.emplace(name, table_.columns.size() - 1).first->second;
  }
  // Into the row that add_row() adds next. False if that row has a value there already.
  bool add(std::size_t column, double value) {
    MetricColumn& into = table_.columns[column];
    if (!into.rows.empty() && into.rows.back() == table_.steps.size()) return false;
    into.rows.push_back(table_.steps.size());
    into.values.push_back(value);
    return true;
  }
  void add_row(std::int64_t step, double wall_time_sec) {
    table_.steps.push_back(step);
    table_.wall_times.push_back(wall_time_sec);
  }
  MetricsTable take() { return std::move(table_); }

 private:
  MetricsTable table_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

// The events of one line of metrics.jsonl; `wrong` says what is not as it should be.
class RowReader final : public JsonEvents {
 public:
  explicit RowReader(TableBuilder& builder) : builder_(builder) {}

  void finish() {  // the row, when its line has been read
    if (wrong.empty() && !is_step_count(step_)) wrong = "step is missing or no whole number of at least 0";
    if (wrong.empty() && !std::isfinite(wall_time_)) wrong = "wall_time is missing or no number";
    if (wrong.empty()) builder_.add_row(static_cast<std::int64_t>(step_), wall_time_);
    step_ = wall_time_ = kNotRecorded;
    open_ = false;
  }
  std::string wrong;

  bool null() override { return value(kNotRecorded); }
  bool boolean(bool) override { return refuse(); }
  bool number_integer(std::int64_t number) override { return value(static_cast<double>(number)); }
  bool number_unsigned(std::uint64_t number) override { return value(static_cast<double>(number)); }
  bool number_float(double number) override { return value(number); }
  bool string(std::string&) override { return refuse(); }
  bool start_object() override {
    if (open_) return refuse();
    return open_ = true;
  }
  bool key(std::string& name) override {
    name_ = name;
    return true;
  }
  bool end_object() override { return true; }
  bool start_array() override { return refuse(); }
  bool end_array() override { return refuse(); }
  void parse_error(std::size_t, const std::string& message) override { wrong = "not JSON: " + message; }

 private:
  bool value(double number) {
    if (!open_) return refuse();
    double* const own = name_ == "step" ? &step_ : name_ == "wall_time" ? &wall_time_ : nullptr;
    if (own != nullptr) {
      *own = number;
    } else if (!builder_.add(builder_.column(name_), number)) {
      wrong = "the key \"" + name_ + "\" appears twice";
    }
    return wrong.empty();
  }
  bool refuse() {
    wrong = "expected one object of numbers";
    return false;
  }

  TableBuilder& builder_;
  std::string name_;
  double step_ = kNotRecorded, wall_time_ = kNotRecorded;
  bool open_ = false;
};

}  // namespace

const MetricColumn* MetricsTable::find(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &MetricColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

MetricsTable parse_metrics_jsonl(std::string_view text, const std::string& source) {
  TableBuilder builder;
  RowReader reader(builder);
  CsvLines lines(text, source);
  while (lines.next()) {
    read_json(lines.line(), reader);
    reader.finish();
    if (!reader.wrong.empty()) lines.fail(reader.wrong);
  }
  return builder.take();
}

MetricsTable parse_progress_csv(std::string_view text, const std::string& source) {
  TableBuilder builder;
  CsvLines lines(text, source);
  if (!lines.next()) return {};
  const std::vector<std::string_view> names = lines.fields();
  const auto step = static_cast<std::size_t>(std::ranges::find(names, "time/total_timesteps") - names.begin());
  if (step == names.size()) lines.fail("expected a column time/total_timesteps");
  for (const std::string_view name : names) {
    if (name.empty() || std::ranges::count(names, name) > 1)
      lines.fail("the column name \"" + std::string(name) + "\" is empty or there twice");
    builder.column(name);
  }
  while (lines.next()) {
    const auto& fields = lines.fields(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!fields[i].empty()) builder.add(i, lines.number(i));
    }
    builder.add_row(lines.count(step), kNotRecorded);
  }
  return builder.take();
}

}  // namespace softac

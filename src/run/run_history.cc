#include "run/run_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "config/toml_file.h"
#include "formats/metrics_table.h"
#include "formats/strict_json.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{1} << 32;
constexpr std::uint64_t kMaxOriginBytes = 1 << 24;
constexpr double kUnknownTime = std::numeric_limits<double>::quiet_NaN();

MetricsTable read_metrics(FileSystem& fs, const Path& dir) {
  const Path lines = dir / "metrics.jsonl", table = dir / "progress.csv";
  if (fs.exists(lines)) return parse_metrics_jsonl(fs.read_text(lines, kMaxRecordBytes), lines.string());
  if (fs.exists(table)) return parse_progress_csv(fs.read_text(table, kMaxRecordBytes), table.string());
  return {};
}

// Seconds of training of every row. Rows of the training loop say it (time/time_elapsed); those of evaluations and
// diagnoses lie between two of them, in the process of the one or the other: wall time gives the distance, and where
// the run rested between the two, only one of the two distances leads to a time between theirs.
std::vector<double> row_seconds(const MetricsTable& table) {
  std::vector<double> out(table.steps.size(), kUnknownTime);
  const MetricColumn* const elapsed = table.find("time/time_elapsed");
  if (elapsed == nullptr) return out;
  for (std::size_t i = 0; i < elapsed->rows.size(); ++i) out[elapsed->rows[i]] = elapsed->values[i];
  std::size_t next = 0;  // known time behind the row, as an index of elapsed->rows
  for (std::size_t row = 0; row < out.size(); ++row) {
    while (next < elapsed->rows.size() && elapsed->rows[next] <= row) ++next;
    if (!std::isnan(out[row])) continue;
    const auto distance = [&](std::size_t k) {
      return elapsed->values[k] + table.wall_times[row] - table.wall_times[elapsed->rows[k]];
    };
    const bool has_next = next < elapsed->rows.size();
    if (next > 0) out[row] = distance(next - 1);
    if (has_next && !(next > 0 && out[row] <= elapsed->values[next])) out[row] = std::max(distance(next), 0.0);
  }
  return out;
}

std::vector<RunSeries> series_of(const MetricsTable& table, const std::vector<double>& seconds) {
  std::vector<RunSeries> out;
  for (const MetricColumn& column : table.columns) {
    RunSeries series{column.name, {}, {}, column.values};
    for (const std::size_t row : column.rows) {
      series.steps.push_back(table.steps[row]);
      series.seconds.push_back(seconds[row]);
    }
    out.push_back(std::move(series));
  }
  return out;
}

std::vector<RunEvaluation> read_all_evaluations(FileSystem& fs, const Path& dir) {
  const Path arrays = dir / "eval" / "evaluations.npz", table = dir / "eval" / "evaluations.csv";
  std::vector<RunEvaluation> out;
  if (!fs.exists(arrays)) {
    if (!fs.exists(table)) return out;
    for (const EvaluationLine& line : parse_evaluations_csv(fs.read_text(table, kMaxRecordBytes), table.string()))
      out.push_back({line, kUnknownTime, {}, {}});
    return out;
  }
  const Evaluations all = read_evaluations_npz(fs, arrays);
  const auto width = static_cast<std::size_t>(all.num_episodes);
  for (std::size_t i = 0; i < all.timesteps.size(); ++i) {
    const auto begin = static_cast<std::ptrdiff_t>(i * width), end = static_cast<std::ptrdiff_t>((i + 1) * width);
    Evaluations one;
    one.timesteps = {all.timesteps[i]};
    one.results = {all.results.begin() + begin, all.results.begin() + end};
    one.ep_lengths = {all.ep_lengths.begin() + begin, all.ep_lengths.begin() + end};
    one.num_episodes = all.num_episodes;
    for (const EvaluationLine& line : evaluation_lines(one)) {
      one.results.resize(static_cast<std::size_t>(line.num_episodes));  // without what fills the row
      one.ep_lengths.resize(static_cast<std::size_t>(line.num_episodes));
      out.push_back({line, kUnknownTime, one.results, one.ep_lengths});
    }
  }
  return out;
}

// Evaluations have no time of their own; the row of metrics with their step has.
void date_evaluations(std::vector<RunEvaluation>& evaluations, const RunSeries* rows) {
  if (rows == nullptr) return;
  std::map<std::int64_t, double> seconds;
  for (std::size_t i = 0; i < rows->steps.size(); ++i) seconds[rows->steps[i]] = rows->seconds[i];
  for (RunEvaluation& evaluation : evaluations) {
    const auto found = seconds.find(evaluation.timestep);
    if (found != seconds.end()) evaluation.seconds = found->second;
  }
}

std::vector<RunEpisode> read_episodes(FileSystem& fs, const Path& dir) {
  const Path path = dir / "monitor.csv";
  std::vector<RunEpisode> out;
  if (!fs.exists(path)) return out;
  std::int64_t end_step = 0;
  for (const MonitorEpisode& episode : parse_monitor_episodes(fs.read_text(path, kMaxRecordBytes), path.string())) {
    end_step += episode.length;
    out.push_back({episode, end_step});
  }
  return out;
}

std::vector<RunSetting> read_all_settings(FileSystem& fs, const Path& dir) {
  const Path path = dir / "config.toml";
  const TomlSettings read = parse_toml_settings(fs.read_text(path, kMaxTomlBytes), path.string(), "run");
  std::vector<RunSetting> out;
  for (const SettingEntry& entry : read.entries) {
    const auto origin = read.origin.find(entry.key);
    out.push_back({entry.key, to_toml(entry.value), origin == read.origin.end() ? "" : origin->second});
  }
  return out;
}

}  // namespace

const RunSeries* RunHistory::find(std::string_view name) const {
  const auto found = std::ranges::find(series, name, &RunSeries::name);
  return found == series.end() ? nullptr : &*found;
}

RunHistory read_run_history(FileSystem& fs, const Path& dir) {
  RunHistory out;
  out.overview = read_run_overview(fs, dir);
  const MetricsTable table = read_metrics(fs, dir);
  if (!table.steps.empty()) out.overview.step = std::max(out.overview.step, table.steps.back());
  out.series = series_of(table, row_seconds(table));
  out.evaluations = read_all_evaluations(fs, dir);
  date_evaluations(out.evaluations, out.find("eval/mean_reward"));
  out.episodes = read_episodes(fs, dir);
  out.settings = read_all_settings(fs, dir);
  const Path provenance = dir / "provenance.json";
  if (fs.exists(provenance))
    out.provenance = parse_strict_json(fs.read_text(provenance, kMaxOriginBytes), provenance.string());
  return out;
}

}  // namespace softac

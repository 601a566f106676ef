#include "run/run_overview.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <limits>

#include "base/posix_file_system.h"
#include "config/toml_file.h"
#include "formats/metrics_table.h"
#include "formats/monitor_csv.h"
#include "formats/strict_json.h"
#include "run/run_dir.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxStatusText = 1 << 20;
constexpr std::uint64_t kMaxEvaluationsText = 1 << 28;
constexpr std::uint64_t kTailBytes = 1 << 16;  // of metrics.jsonl: dozens of rows
constexpr std::array<std::string_view, 5> kStateNames = {"running", "finished", "stopped", "failed", "died"};

void read_settings(FileSystem& fs, RunOverview& out) {
  const Path path = out.dir / "config.toml";
  const TomlSettings settings = parse_toml_settings(fs.read_text(path, kMaxTomlBytes), path.string(), "run");
  const auto value_of = [&](const char* key) -> const SettingValue& {
    const auto found = std::ranges::find(settings.entries, key, &SettingEntry::key);
    if (found == settings.entries.end())
      throw IoError(path.string() + ": no setting " + key + "; softac train writes every setting there");
    return found->value;
  };
  const auto whole = [&](const char* key) {
    const auto* number = std::get_if<std::int64_t>(&value_of(key));
    if (number == nullptr) throw IoError(path.string() + ": " + key + ": expected a whole number");
    return *number;
  };
  const auto* env_id = std::get_if<std::string>(&value_of("env_id"));
  if (env_id == nullptr) throw IoError(path.string() + ": env_id: expected a text");
  out.env_id = *env_id;
  out.seed = static_cast<std::uint64_t>(whole("seed"));
  out.total_steps = whole("total_timesteps");
}

// utc_text() read back.
double parse_utc(const std::string& text, const std::string& where) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0')
    throw IoError(where + ": updated: expected a time such as 2026-01-31T12:34:56Z, found \"" + text + "\"");
  return static_cast<double>(timegm(&parts));
}

bool is_held(const Path& dir) {
  try {
    return is_locked(dir / kRunLockName);
  } catch (const IoError&) {
    return true;  // a file system that cannot tell: what status.json says stands
  }
}

void read_status(FileSystem& fs, RunOverview& out) {
  const Path path = out.dir / "status.json";
  if (!fs.exists(path)) {
    out.state = is_held(out.dir) ? RunCondition::running : RunCondition::died;
    return;
  }
  const std::string source = path.string();
  const Json status = parse_strict_json(fs.read_text(path, kMaxStatusText), source);
  try {
    const auto word = status.at("state").get<std::string>();
    const auto known = std::ranges::find(kStateNames, word) - kStateNames.begin();
    if (known >= static_cast<std::ptrdiff_t>(RunCondition::died))
      throw IoError(source + ": state: expected running, finished, stopped or failed, found \"" + word + "\"");
    out.state = static_cast<RunCondition>(known);
    out.reason = status.at("reason").get<std::string>();
    out.message = status.at("message").get<std::string>();
    out.step = json_count(status.at("step"), source + ": step");
    out.total_steps = json_count(status.at("total_timesteps"), source + ": total_timesteps");
    out.updated_sec = parse_utc(status.at("updated").get<std::string>(), source);
  } catch (const JsonError& error) {
    throw IoError(source + ": " + error.what());
  }
  if (out.state == RunCondition::running && !is_held(out.dir)) out.state = RunCondition::died;
}

std::string file_part(FileSystem& fs, const Path& path, bool end) {
  const auto file = fs.open_read(path);
  const std::uint64_t size = file->size(), length = std::min(size, kTailBytes);
  std::string text(length, '\0');
  file->read_at(end ? size - length : 0, std::as_writable_bytes(std::span(text)));
  if (end && length < size) text.erase(0, text.find('\n') + 1);  // a row that began before
  return text;
}

void read_start(FileSystem& fs, RunOverview& out) {
  const Path path = out.dir / "monitor.csv";
  if (!fs.exists(path)) return;
  const std::string text = file_part(fs, path, false);
  if (text.find('\n') != std::string::npos) out.started_sec = parse_monitor_start(text, path.string());
}

void read_newest_step(FileSystem& fs, RunOverview& out) {
  const Path path = out.dir / "metrics.jsonl";
  if (!fs.exists(path)) return;
  const MetricsTable rows = parse_metrics_jsonl(file_part(fs, path, true), path.string() + " (its end)");
  if (!rows.steps.empty()) out.step = std::max(out.step, rows.steps.back());
}

void read_evaluations(FileSystem& fs, RunOverview& out) {
  const Path path = out.dir / "eval" / "evaluations.csv";
  if (!fs.exists(path)) return;
  const auto lines = parse_evaluations_csv(fs.read_text(path, kMaxEvaluationsText), path.string());
  out.num_evaluations = std::ssize(lines);
  if (lines.empty()) return;
  out.last_evaluation = lines.back();
  out.best_evaluation = *std::ranges::max_element(lines, {}, &EvaluationLine::mean_return);
}

}  // namespace

std::string_view condition_name(RunCondition state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

RunOverview read_run_overview(FileSystem& fs, const Path& dir) {
  require_run_dir(fs, dir);
  RunOverview out;
  out.dir = dir;
  out.started_sec = out.updated_sec = std::numeric_limits<double>::quiet_NaN();
  read_settings(fs, out);
  read_status(fs, out);
  read_start(fs, out);
  read_evaluations(fs, out);
  if (out.state == RunCondition::running || out.state == RunCondition::died) read_newest_step(fs, out);
  return out;
}

}  // namespace softac

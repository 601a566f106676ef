#include "progress.h"

#include "paths.h"
#include "progress_line.h"

namespace softac::app {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(200);
constexpr auto kPlainInterval = std::chrono::seconds(10);

}  // namespace

void Progress::on_start(const TrainSummary&, const std::string& run_dir) {
  if (!run_dir.empty()) terminal_.info("run directory: " + shown_path(run_dir));
  next_time_ = Clock::now() + (terminal_.animated() ? kRedrawInterval : kPlainInterval);
}

TrainAnswer Progress::on_step(const TrainSummary& summary) {
  if (terminal_.quiet()) return TrainAnswer::proceed;
  const auto now = Clock::now();
  if (now < next_time_) return TrainAnswer::proceed;
  if (terminal_.animated()) {
    terminal_.status(progress_line(summary, {.width = terminal_.width(), .bar = true, .utf8 = terminal_.utf8()}));
    next_time_ = now + kRedrawInterval;
  } else {
    if (!options_.tables) terminal_.info(progress_line(summary, {.utf8 = terminal_.utf8()}));
    next_time_ = now + kPlainInterval;
  }
  return TrainAnswer::proceed;
}

void Progress::on_row(const TrainSummary&, const std::vector<DiagnosticValue>& values) {
  if (options_.tables && !terminal_.quiet()) terminal_.info(metrics_table_text(values));
}

TrainAnswer Progress::on_evaluation(const TrainSummary& summary, const EvalStats& stats) {
  const auto number = [](const char* format, double value) { return shown_number(format, value, true); };
  terminal_.info("step " + std::to_string(summary.step) + ": evaluation " + number("%.2f", stats.mean_return) + " ± " +
                 number("%.2f", stats.std_return) + ", length " + number("%.1f", stats.mean_length) + " (" +
                 std::to_string(stats.returns.size()) + " episodes" +
                 (stats.num_cut_off > 0 ? ", " + std::to_string(stats.num_cut_off) + " cut off" : "") + ")");
  if (!terminal_.animated()) next_time_ = Clock::now() + kPlainInterval;  // after a message of its own
  return TrainAnswer::proceed;
}

void Progress::on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) {
  if (!options_.diagnoses) return;
  std::string text = "step " + std::to_string(summary.step) + ": diagnosis";
  for (const DiagnosticValue& value : values) {
    const std::string name = value.name.substr(value.name.find('/') + 1);
    text += (text.ends_with("diagnosis") ? " " : ", ") + name + " " + shown_number("%.4g", value.value, true);
  }
  terminal_.info(text);
}

void Progress::on_message(std::string_view text) {
  constexpr std::string_view kWarning = "warning: ";
  if (text.starts_with(kWarning))
    terminal_.warning(std::string(text.substr(kWarning.size())));
  else
    terminal_.info(std::string(text));
}

}  // namespace softac::app

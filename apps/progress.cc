#include "progress.h"

#include <cmath>
#include <cstdio>

#include "parse.h"
#include "paths.h"

namespace softac::app {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(200);
constexpr auto kPlainInterval = std::chrono::seconds(10);
constexpr int kBarWidth = 10;

std::string number(const char* format, double value) {
  if (!std::isfinite(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

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
    terminal_.status(line(summary));
    next_time_ = now + kRedrawInterval;
  } else {
    terminal_.info(line(summary));
    next_time_ = now + kPlainInterval;
  }
  return TrainAnswer::proceed;
}

TrainAnswer Progress::on_evaluation(const TrainSummary& summary, const EvalStats& stats) {
  terminal_.info("step " + std::to_string(summary.step) + ": evaluation " + number("%.2f", stats.mean_return) + " ± " +
                 number("%.2f", stats.std_return) + ", length " + number("%.1f", stats.mean_length) + " (" +
                 std::to_string(stats.returns.size()) + " episodes" +
                 (stats.num_cut_off > 0 ? ", " + std::to_string(stats.num_cut_off) + " cut off" : "") + ")");
  next_time_ = Clock::now() + (terminal_.animated() ? kRedrawInterval : kPlainInterval);
  return TrainAnswer::proceed;
}

void Progress::on_diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) {
  if (!show_diagnoses_) return;
  std::string text = "step " + std::to_string(summary.step) + ": diagnosis";
  for (const DiagnosticValue& value : values) {
    const std::string name = value.name.substr(value.name.find('/') + 1);
    text += (text.ends_with("diagnosis") ? " " : ", ") + name + " " + number("%.4g", value.value);
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

std::string Progress::line(const TrainSummary& summary) const {
  const double done = summary.total_timesteps > 0
                          ? static_cast<double>(summary.step) / static_cast<double>(summary.total_timesteps)
                          : 0.0;
  std::string out;
  if (terminal_.animated()) {
    const int filled = static_cast<int>(done * kBarWidth);
    for (int i = 0; i < kBarWidth; ++i) out += i < filled ? "█" : "░";
    out += ' ';
  }
  const std::string left = std::isfinite(summary.left_sec) ? duration_text(summary.left_sec) : "–";
  out += std::to_string(summary.step) + "/" + std::to_string(summary.total_timesteps) + " " +
         number("%.0f", summary.recent_steps_per_sec) + " fps ETA " + left + " return " +
         number("%.2f", summary.last_ep_return) + " critic " + number("%.3g", summary.update.critic_loss) + " α " +
         number("%.3g", summary.update.ent_coef);
  return out;
}

}  // namespace softac::app

#include "watch_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "parse.h"
#include "paths.h"
#include "progress_line.h"
#include "softac/train_summary.h"
#include "text_curve.h"

namespace softac::app {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kPaceSec = 10.0, kLeftSec = 600.0;  // the spans of the pace shown, and of that for the time left
constexpr std::size_t kCurveRows = 8, kCurveWidth = 100;

// The newest value of a metric.
double newest(const RunHistory& run, std::string_view name) {
  const RunSeries* const series = run.find(name);
  return series == nullptr ? kUnknown : series->values.back();
}

double left_sec(const RunHistory& run) {
  const double left = static_cast<double>(run.overview.total_steps - run.overview.step);
  return left <= 0.0 ? 0.0 : left / recorded_pace(run, kLeftSec);
}

TrainSummary summary_of(const RunHistory& run, EvalStats& evaluation) {
  TrainSummary out;
  out.step = run.overview.step;
  out.total_timesteps = run.overview.total_steps;
  out.recent_steps_per_sec = recorded_pace(run, kPaceSec);
  out.left_sec = left_sec(run);
  out.last_ep_return = run.episodes.empty() ? kUnknown : run.episodes.back().episode_return;
  const double updates = newest(run, "train/n_updates");
  out.num_updates = std::isnan(updates) ? 0 : static_cast<std::int64_t>(updates);
  out.update.ent_coef = newest(run, "train/ent_coef");
  out.update.entropy = newest(run, "train/entropy");
  out.update.critic_loss = newest(run, "train/critic_loss");
  if (run.overview.last_evaluation) {
    evaluation.mean_return = run.overview.last_evaluation->mean_return;
    out.last_eval = &evaluation;
    out.best_eval_return = run.overview.best_evaluation->mean_return;
  }
  return out;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) out.append(out.empty() ? "" : between).append(part);
  return out;
}

class View {
 public:
  View(const RunHistory& run, const ViewStyle& style) : run_(run), style_(style) {}

  std::vector<std::string> lines() {
    add(title());
    add(progress());
    add(returns());
    if (run_.find("train/n_updates") != nullptr) add(learner());
    add_curve();
    if (run_.overview.state != RunCondition::running) add(end_text(run_));
    return lines_;
  }

 private:
  void add(const std::string& line) { lines_.push_back(text_start(line, style_.width)); }
  std::string number(const char* format, double value) const { return shown_number(format, value, style_.utf8); }
  std::string evaluation(const EvaluationLine& line) const {
    return number("%.2f", line.mean_return) + " at step " + std::to_string(line.timestep);
  }

  std::string title() const {
    const RunOverview& o = run_.overview;
    return joined(
        {o.env_id, "seed " + std::to_string(o.seed), std::string(condition_name(o.state)), shown_path(o.dir.string())},
        "  ");
  }

  std::string progress() const {
    const RunOverview& o = run_.overview;
    std::vector<std::string> parts = {"step " + std::to_string(o.step) + "/" + std::to_string(o.total_steps)};
    const double elapsed = newest(run_, "time/time_elapsed");
    if (o.state == RunCondition::running) {
      const double left = left_sec(run_);
      parts.push_back(number("%.0f", recorded_pace(run_, kPaceSec)) + " fps");
      parts.push_back("ETA " + (std::isfinite(left) ? duration_text(left) : number("%.0f", left)));
    }
    if (std::isfinite(elapsed)) parts.push_back("trained for " + duration_text(elapsed));
    return joined(parts, "  ");
  }

  std::string returns() const {
    const RunOverview& o = run_.overview;
    std::vector<std::string> parts = {"return " + number("%.2f", newest_return())};
    if (o.last_evaluation) {
      parts.push_back("evaluation " + evaluation(*o.last_evaluation));
      parts.push_back("best " + evaluation(*o.best_evaluation));
    }
    return joined(parts, "  ");
  }

  // Of the last 100 episodes, as the records have it.
  double newest_return() const { return newest(run_, "rollout/ep_rew_mean"); }

  std::string learner() const {
    std::vector<std::string> parts = {(style_.utf8 ? "α " : "alpha ") + number("%.4g", newest(run_, "train/ent_coef"))};
    const double target = newest(run_, "train/target_entropy");
    parts.push_back("entropy " + number("%.4g", newest(run_, "train/entropy")) +
                    (std::isfinite(target) ? " (target " + number("%.4g", target) + ")" : ""));
    parts.push_back("critic loss " + number("%.4g", newest(run_, "train/critic_loss")));
    parts.push_back("updates " + number("%.0f", newest(run_, "train/n_updates")));
    return joined(parts, "  ");
  }

  // Of the evaluations; with fewer than two, of the training episodes.
  void add_curve() {
    std::vector<double> x, y;
    const bool evaluated = run_.evaluations.size() >= 2;
    if (evaluated) {
      for (const RunEvaluation& e : run_.evaluations) {
        x.push_back(static_cast<double>(e.timestep));
        y.push_back(e.mean_return);
      }
    } else if (const RunSeries* const series = run_.find("rollout/ep_rew_mean")) {
      x.assign(series->steps.begin(), series->steps.end());
      y = series->values;
    }
    const std::size_t used = lines_.size() + 3;  // the caption, the ends of x, and how it ended
    if (style_.height < used + 2) return;
    const CurveSize size = {std::min(style_.width, kCurveWidth), std::min(kCurveRows, style_.height - used)};
    const std::vector<std::string> curve = text_curve(x, y, size, style_.utf8);
    if (curve.empty()) return;
    add(evaluated ? "return of the evaluations over steps" : "return of the last 100 episodes over steps");
    for (const std::string& line : curve) add(line);
  }

  const RunHistory& run_;
  const ViewStyle& style_;
  std::vector<std::string> lines_;
};

}  // namespace

double recorded_pace(const RunHistory& run, double span_sec) {
  const RunSeries* const elapsed = run.find("time/time_elapsed");
  if (elapsed == nullptr || elapsed->steps.size() < 2) return kUnknown;
  const RunSeries* const updates = run.find("train/n_updates");
  const std::size_t last = elapsed->steps.size() - 1;
  std::size_t first = last - 1;
  const std::int64_t from = updates == nullptr ? -1 : updates->steps.front();
  while (first > 0 && elapsed->seconds[last] - elapsed->seconds[first] < span_sec && elapsed->steps[first - 1] >= from)
    --first;
  const double sec = elapsed->seconds[last] - elapsed->seconds[first];
  return sec > 0.0 ? static_cast<double>(elapsed->steps[last] - elapsed->steps[first]) / sec : kUnknown;
}

std::vector<std::string> watch_view(const RunHistory& run, const ViewStyle& style) {
  return View(run, style).lines();
}

std::string watch_line(const RunHistory& run, bool utf8) {
  EvalStats evaluation;
  const std::string line = progress_line(summary_of(run, evaluation), {.utf8 = utf8});
  const bool running = run.overview.state == RunCondition::running;
  return (running ? "" : std::string(condition_name(run.overview.state)) + " ") + line;
}

std::string end_text(const RunHistory& run) {
  const RunOverview& o = run.overview;
  if (o.state == RunCondition::running) return "";
  if (o.state == RunCondition::died) {
    return "its process is gone without having ended the run: softac resume " + shown_path(o.dir.string()) +
           " goes on from the newest checkpoint";
  }
  return std::string(condition_name(o.state)) + (o.message.empty() ? " (" + o.reason + ")" : ": " + o.message);
}

}  // namespace softac::app

#include "run/recorder.h"

#include <algorithm>
#include <cmath>

#include "run/run_dir.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxCsvBytes = std::uint64_t{1} << 32;

// Where to continue a file. A missing one starts empty, one that somebody has shortened continues at its end: a run
// is not lost with its records.
std::optional<std::uint64_t> byte_of(FileSystem& fs, const Path& path, const RecordPositions* positions,
                                     std::uint64_t RecordPositions::*position) {
  if (positions == nullptr || !fs.exists(path)) return {};
  return std::min(positions->*position, fs.size(path));
}

std::optional<std::uint64_t> row_of(FileSystem& fs, const Path& path, const RecordPositions* positions) {
  if (positions == nullptr || !fs.exists(path)) return {};
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(fs.read_text(path, kMaxCsvBytes), '\n'));
  return std::min(positions->progress_rows, lines > 0 ? lines - 1 : 0);
}

std::optional<std::uint64_t> evaluation_of(FileSystem& fs, const Path& dir, const RecordPositions* positions) {
  if (positions == nullptr || !fs.exists(dir / "evaluations.npz")) return {};
  return std::min<std::uint64_t>(positions->evaluations,
                                 read_evaluations_npz(fs, dir / "evaluations.npz").timesteps.size());
}

Path event_file(const Path& run_dir, const RecordPositions* positions, double start_wall_time_sec) {
  const bool known = positions != nullptr && !positions->tensorboard_file.empty();
  return run_dir / (known ? positions->tensorboard_file : tensorboard_file_name(start_wall_time_sec));
}

}  // namespace

Recorder::Recorder(FileSystem& fs, const Path& run_dir, const TrainConfig& config, double target_entropy,
                   double start_wall_time_sec, const RecordPositions* resume_at)
    : target_entropy_(target_entropy),
      learned_temperature_(config.sac.ent_coef_auto),
      state_value_(config.sac.variant == Variant::state_value),
      monitor_(fs, run_dir / "monitor.csv", config.env_id, start_wall_time_sec,
               byte_of(fs, run_dir / "monitor.csv", resume_at, &RecordPositions::monitor_bytes)),
      evaluations_(fs, run_dir / "eval", evaluation_of(fs, run_dir / "eval", resume_at)),
      log_(fs, run_dir / "log.txt") {
  const Path progress = run_dir / "progress.csv", metrics = run_dir / "metrics.jsonl",
             events = event_file(run_dir, resume_at, start_wall_time_sec);
  sinks_.push_back(make_csv_sink(fs, progress, row_of(fs, progress, resume_at)));
  sinks_.push_back(make_jsonl_sink(fs, metrics, byte_of(fs, metrics, resume_at, &RecordPositions::metrics_bytes)));
  if (config.tensorboard) {
    sinks_.push_back(make_tensorboard_sink(fs, events, start_wall_time_sec,
                                           byte_of(fs, events, resume_at, &RecordPositions::tensorboard_bytes)));
  }
  metrics_.reserve(32);
}

void Recorder::episode(double episode_return, std::int64_t length, double elapsed_sec) {
  monitor_.write(episode_return, length, elapsed_sec);
}

const std::vector<Metric>& Recorder::row(const TrainSummary& summary, const UpdateRow& row) {
  const UpdateMetrics& means = row.mean;
  metrics_.clear();
  if (summary.num_episodes > 0) {
    metrics_.push_back({"rollout/ep_rew_mean", summary.ep_return_mean});
    metrics_.push_back({"rollout/ep_len_mean", summary.ep_length_mean});
  }
  metrics_.push_back({"time/episodes", static_cast<double>(summary.num_episodes)});
  metrics_.push_back({"time/fps", std::floor(summary.steps_per_sec)});
  metrics_.push_back({"time/time_elapsed", summary.elapsed_sec});
  metrics_.push_back({"time/total_timesteps", static_cast<double>(summary.step)});
  if (row.updated) {
    if (row.actor_updated) metrics_.push_back({"train/actor_loss", means.actor_loss});
    metrics_.push_back({"train/critic_loss", means.critic_loss});
    if (state_value_) metrics_.push_back({"train/value_loss", means.value_loss});
    metrics_.push_back({"train/ent_coef", means.ent_coef});
    if (learned_temperature_) {
      if (row.actor_updated) metrics_.push_back({"train/ent_coef_loss", means.ent_coef_loss});
      metrics_.push_back({"train/target_entropy", target_entropy_});
    }
    if (row.actor_updated) metrics_.push_back({"train/entropy", means.entropy});
    metrics_.push_back({"train/learning_rate", summary.update.learning_rate});
    metrics_.push_back({"train/n_updates", static_cast<double>(summary.num_updates)});
    metrics_.push_back({"diag/q_mean", means.q_mean});
    metrics_.push_back({"diag/target_mean", means.target_mean});
    if (row.actor_updated) metrics_.push_back({"diag/actor_grad_norm", means.actor_grad_norm});
    metrics_.push_back({"diag/critic_grad_norm", means.critic_grad_norm});
  }
  write(summary.step);
  return metrics_;
}

void Recorder::diagnosis(const TrainSummary& summary, const std::vector<DiagnosticValue>& values) {
  metrics_.clear();
  for (const DiagnosticValue& value : values) metrics_.push_back({value.name, value.value});
  metrics_.push_back({"time/total_timesteps", static_cast<double>(summary.step)});
  write(summary.step);
}

void Recorder::evaluation(const TrainSummary& summary, const EvalStats& stats) {
  metrics_.clear();
  metrics_.push_back({"eval/mean_reward", stats.mean_return});
  metrics_.push_back({"eval/std_reward", stats.std_return});
  metrics_.push_back({"eval/mean_ep_length", stats.mean_length});
  if (stats.num_cut_off > 0) metrics_.push_back({"eval/cut_off_episodes", static_cast<double>(stats.num_cut_off)});
  metrics_.push_back({"time/total_timesteps", static_cast<double>(summary.step)});
  write(summary.step);
  evaluations_.add(summary.step, stats.returns, stats.lengths);
}

void Recorder::write(std::int64_t step) {
  const double now = wall_time();
  for (const auto& sink : sinks_) sink->write(step, now, metrics_);
}

void Recorder::log(std::string_view text) {
  log_.write(wall_time(), text);
}

RecordPositions Recorder::positions() const {
  RecordPositions out;
  out.progress_rows = sinks_[0]->position();
  out.metrics_bytes = sinks_[1]->position();
  out.monitor_bytes = monitor_.position();
  out.evaluations = evaluations_.position();
  if (sinks_.size() > 2) {
    out.tensorboard_file = sinks_[2]->path().filename().string();
    out.tensorboard_bytes = sinks_[2]->position();
  }
  return out;
}

std::vector<Path> Recorder::paths() const {
  std::vector<Path> out = {monitor_.path(), log_.path()};
  for (const auto& sink : sinks_) out.push_back(sink->path());
  return out;
}

void Recorder::flush() {
  for (const auto& sink : sinks_) sink->flush();
  monitor_.flush();
}

void Recorder::sync() {
  for (const auto& sink : sinks_) sink->sync();
  monitor_.sync();
  log_.sync();
}

void Recorder::close() {
  for (const auto& sink : sinks_) sink->close();
  monitor_.close();
  log_.close();
}

}  // namespace softac

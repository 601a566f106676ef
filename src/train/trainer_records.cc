// What a run leaves: rows, evaluations, the best model, checkpoints, status and the report.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "config/resolve.h"
#include "env/mujoco_version.h"
#include "run/build_info.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "train/trainer_impl.h"

namespace softac {

namespace {

class Stopwatch {
 public:
  double sec() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

std::string_view stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::finished:
      return "finished";
    case StopReason::stopped:
      return "stopped";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::time:
      return "time";
    case StopReason::aborted:
      return "aborted";
    case StopReason::env_error:
      return "env_error";
    case StopReason::numerics:
      return "numerics";
    case StopReason::disk:
      return "disk";
    case StopReason::io:
      return "io";
  }
  return "unknown";
}

void Trainer::Impl::open_records() {
  const double now = wall_time();
  run_dir.emplace(fs, options.run_dir, options.runs_root, config, now);
  run_path = run_dir->path().string();
  run_dir->write_text("config.toml", config_toml({config, options.origins}));
  run_dir->write_text("command.txt", options.command + "\n");
  run_dir->write_text("provenance.json", provenance_json(agent.backend_name(), config.threads));
  recorder.emplace(fs, run_dir->path(), config, target_entropy(), now);
  if (config.checkpoint_replay) replay_log.emplace(replay);
  writer.emplace();
  write_status("running");
  recorder->log("softac " + softac_version() + ", " + config.env_id + ", seed " + std::to_string(config.seed) +
                ", backend " + agent.backend_name());
  recorder->log("replay: up to " + bytes_text(ReplayBuffer::bytes_needed(replay.shape())) +
                " of memory; checkpoints: up to " + bytes_text(checkpoint_bytes()) +
                " on disk, three of them and one replay");
}

double Trainer::Impl::target_entropy() const {
  return agent.target_entropy();
}

void Trainer::Impl::say(const std::string& text) {
  if (recorder) recorder->log(text);
  if (options.callback != nullptr) options.callback->on_message(text);
}

void Trainer::Impl::log_if_due() {
  if (!is_due(previous_step, step, config.log_interval_steps)) return;
  const bool updated = !update_means.empty();
  const UpdateMetrics means = update_means.take();
  if (recorder) {
    recorder->row(summary(), means, updated);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_flush > std::chrono::seconds(1)) {
      recorder->flush();
      last_flush = now;
    }
  }
  if (options.callback != nullptr) ask(options.callback->on_log(summary()));
}

void Trainer::Impl::diagnose_if_due() {
  if (!diagnosis || !is_due(previous_step, step, config.diag_freq)) return;
  if (agent.num_updates() == 0 || replay.num_transitions() == 0) return;  // nothing to look at
  const std::vector<DiagnosticValue>& values = diagnosis->run(agent, replay, step);
  if (recorder) recorder->diagnosis(summary(), values);
  if (options.callback != nullptr) options.callback->on_diagnosis(summary(), values);
}

void Trainer::Impl::evaluate_if_due() {
  if (!is_due(previous_step, step, config.eval_freq)) return;
  EvalStats stats = evaluator->run(agent);
  stats.step = step;
  const bool best = !(stats.mean_return <= best_eval_return);  // also where there was none
  if (best) best_eval_return = stats.mean_return;
  last_eval = std::move(stats);
  if (recorder) {
    const Stopwatch wait;
    recorder->evaluation(summary(), *last_eval);
    recorder->log("evaluation at step " + std::to_string(step) + ": mean return " +
                  std::to_string(last_eval->mean_return));
    write_evaluations();
    if (best) save_best(*last_eval);
    waited(wait.sec());
  }
  if (options.callback != nullptr) ask(options.callback->on_evaluation(summary(), *last_eval));
}

// As they are now. Jobs keep their order, so a checkpoint that counts on them is written after them.
void Trainer::Impl::write_evaluations() {
  writer->submit([log = recorder->evaluations()] { log.save(); });
}

void Trainer::Impl::checkpoint_if_due() {
  if (!run_dir) return;
  look_at_writer();
  if (reason != StopReason::aborted && is_due(previous_step, step, config.checkpoint_freq)) save_checkpoint();
}

void Trainer::Impl::finish() {
  if (!run_dir) return;
  if (reason != StopReason::aborted && last_checkpoint_step != step) save_checkpoint();
  writer->drain();
  look_at_writer();
  if (num_checkpoints > 0) {
    char text[200];
    std::snprintf(
        text, sizeof(text),
        "checkpoints: %lld, training waited %.1f ms at most and %.3f s in all; writing took %.3f s of CPU time",
        static_cast<long long>(num_checkpoints), 1e3 * longest_wait_sec, total_wait_sec, writer->cpu_sec());
    recorder->log(text);
  }
  if (diagnosis && diagnosis->count() > 0) {
    char text[120];
    std::snprintf(text, sizeof(text), "diagnostics: %lld, %.3f s of CPU time, %.2f %% of what this process used",
                  static_cast<long long>(diagnosis->count()), diagnosis->cpu_sec(), 1e2 * diagnosis->cpu_share());
    recorder->log(text);
  }
  say(message);
  recorder->sync();
  recorder->close();
  write_status(reason == StopReason::finished ? "finished" : "stopped");
}

// Whatever can still be written says why; what cannot be is the failure itself or follows from it.
void Trainer::Impl::fail(StopReason why, const std::string& text) {
  const bool of_files = why == StopReason::disk || why == StopReason::io;
  stop(why, of_files ? "step " + std::to_string(step) + ": " + text
                     : config.env_id + ", step " + std::to_string(step) + ": " + text);
  failed = true;
  if (!run_dir) return;
  const auto attempt = [](auto&& write) {
    try {
      write();
    } catch (const Error&) {
      // The failure that is being reported comes first.
    }
  };
  attempt([&] { writer->drain(); });
  attempt([&] { look_at_writer(); });
  attempt([&] { write_status("failed"); });
  attempt([&] { recorder->log(message); });
  attempt([&] { recorder->close(); });
}

TrainReport Trainer::Impl::report() {
  TrainReport r;
  r.reason = reason;
  r.message = message;
  r.step = step;
  r.num_updates = agent.num_updates();
  r.num_episodes = episodes.count();
  r.signal = signal;
  r.run_dir = run_path;
  r.checkpoint = last_checkpoint;
  r.state_hash = failed ? 0 : state_hash();
  r.elapsed_sec = elapsed_sec();
  r.ep_return_mean = episodes.mean_return();
  r.best_eval_return = best_eval_return;
  return r;
}

void Trainer::Impl::write_status(const std::string& state) {
  run_dir->write_status(state, state == "running" ? "" : std::string(stop_reason_name(reason)), message, step,
                        config.total_timesteps, wall_time());
}

void Trainer::Impl::env_hangs(const std::string& text) {
  try {
    if (run_dir) run_dir->write_status("failed", "env_error", text, step, config.total_timesteps, wall_time());
  } catch (const Error&) {
    // The caller hears of the hang in any case.
  }
  if (options.on_env_hang) options.on_env_hang(text);
}

std::map<std::string, std::string> Trainer::Impl::model_metadata() const {
  return {{"env_id", config.env_id},
          {"step", std::to_string(step)},
          {"softac_version", softac_version()},
          {"mujoco_version", mujoco_version()}};
}

std::uint64_t Trainer::Impl::checkpoint_bytes() {
  std::uint64_t bytes = 16'384;  // headers, manifest, state
  for (const auto& tensors : {agent.model_tensors(), agent.optimizer_tensors()}) {
    for (const TensorRef& tensor : tensors) bytes += 4 * static_cast<std::uint64_t>(num_elements(tensor.shape));
  }
  if (config.max_rollbacks > 0) {  // the best model as well
    for (const TensorRef& tensor : agent.model_tensors())
      bytes += 4 * static_cast<std::uint64_t>(num_elements(tensor.shape));
  }
  return 3 * bytes + (config.checkpoint_replay ? ReplayBuffer::bytes_needed(replay.shape()) : 0);
}

namespace {

// Everything of a checkpoint but the replay, copied while training waits.
struct Snapshot {
  TensorFile model, optimizer;
  std::string state;
  std::vector<std::byte> envs, rings;
  std::vector<std::shared_ptr<ReplaySegment>> segments;
  std::int64_t step = 0;
  std::uint64_t state_hash = 0;
  std::shared_ptr<const BestModel> best;
  std::vector<Path> records;  // which must be on the device before the checkpoint that counts on them
};

void check_finite(const TensorFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    const auto finite = [](auto values) {
      return std::ranges::all_of(values, [](auto x) { return std::isfinite(x); });
    };
    if (!(tensor.type == TensorType::f64 ? finite(tensor.values<double>()) : finite(tensor.values<float>())))
      throw NumericsError("checkpoint: the tensor " + name + " is not finite");
  }
}

std::string write_snapshot(FileSystem& fs, const Path& run, const Snapshot& snapshot, bool with_replay) {
  check_finite(snapshot.model);
  check_finite(snapshot.optimizer);
  for (const Path& record : snapshot.records) {
    const auto file = fs.open_write(record, WriteMode::append);
    file->sync();
    file->close();
  }
  const auto put = [](const std::vector<std::byte>& bytes) {
    return [&bytes](WritableFile& file) { file.write(std::span<const std::byte>(bytes)); };
  };
  const std::vector<std::byte> model = encode_safetensors(snapshot.model),
                               optimizer = encode_safetensors(snapshot.optimizer);
  CheckpointFiles files = {{"model.safetensors", put(model)},
                           {"optimizer.safetensors", put(optimizer)},
                           {"state.json", [&](WritableFile& file) { file.write(snapshot.state); }},
                           {"state.envs", put(snapshot.envs)}};
  if (with_replay) files.emplace_back("state.replay", put(snapshot.rings));
  if (snapshot.best != nullptr) files.emplace_back(kBestInCheckpoint, put(snapshot.best->bytes));
  std::vector<SegmentEntry> segments;
  for (const auto& segment : snapshot.segments) segments.push_back({segment->name, segment->bytes, segment->sha256});
  return write_checkpoint(fs, run / "checkpoints", snapshot.step, snapshot.state_hash, files, segments);
}

}  // namespace

void Trainer::Impl::write_later(std::optional<ReplayLog::Cut> cut) {
  if (!cut) return;
  auto shared = std::make_shared<ReplayLog::Cut>(std::move(*cut));
  writer->submit([this, shared] { write_segment(fs, run_dir->path() / "replay", *shared); });
}

// What changes is copied here; the writer makes files of the copy while training goes on.
void Trainer::Impl::save_checkpoint() {
  const Stopwatch wait;
  recorder->flush();
  auto snapshot = std::make_shared<Snapshot>();
  if (replay_log) {
    write_later(replay_log->cut());
    snapshot->segments = replay_log->live();
    snapshot->rings = encode_rings(replay);
  }
  snapshot->model = save_tensors(agent.model_tensors(), model_metadata());
  snapshot->optimizer = save_tensors(agent.optimizer_tensors(), {});
  snapshot->state = to_json(run_state());
  snapshot->envs = envs->save_state();
  snapshot->best = best_model;
  snapshot->step = step;
  snapshot->state_hash = state_hash();
  snapshot->records = recorder->paths();
  writer->submit([this, snapshot] {
    const std::string name = write_snapshot(fs, run_dir->path(), *snapshot, replay_log.has_value());
    {
      const std::lock_guard lock(done_mutex);
      done_checkpoints.push_back((run_dir->path() / "checkpoints" / name).string());
    }
    has_done.store(true);
  });
  last_checkpoint_step = step;
  ++num_checkpoints;
  waited(wait.sec());
}

void Trainer::Impl::waited(double sec) {
  longest_wait_sec = std::max(longest_wait_sec, sec);
  total_wait_sec += sec;
}

// Hears of what the writer has done: checkpoints, or a failure, which it throws.
void Trainer::Impl::look_at_writer() {
  if (has_done.exchange(false)) {
    std::vector<std::string> done;
    {
      const std::lock_guard lock(done_mutex);
      done.swap(done_checkpoints);
    }
    for (const std::string& path : done) {
      last_checkpoint = path;
      recorder->log("checkpoint " + Path(path).filename().string());
      if (options.callback != nullptr) options.callback->on_checkpoint(summary(), path);
    }
    if (!ended) {
      writer->submit(
          [this, at = step] { run_dir->write_status("running", "", "", at, config.total_timesteps, wall_time()); });
    }
  }
  writer->check();
}

}  // namespace softac

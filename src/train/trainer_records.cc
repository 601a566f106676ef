// What a run leaves: rows, evaluations, the best model, checkpoints, status and the report.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/sha256.h"
#include "env/mujoco_version.h"
#include "replay/replay_file.h"
#include "softac/error.h"
#include "train/build_info.h"
#include "train/checkpoint.h"
#include "train/config/resolve.h"
#include "train/trainer_impl.h"

namespace softac {

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
  write_status("running");
  recorder->log("softac " + softac_version() + ", " + config.env_id + ", seed " + std::to_string(config.seed) +
                ", backend " + agent.backend_name());
  recorder->log("replay: up to " + bytes_text(ReplayBuffer::bytes_needed(replay.shape())) +
                " of memory; a checkpoint: up to " + bytes_text(checkpoint_bytes()) + " on disk, three are kept");
}

double Trainer::Impl::target_entropy() const {
  return config.sac.target_entropy_auto ? -static_cast<double>(envs->spec().act_dim) : config.sac.target_entropy;
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

void Trainer::Impl::evaluate_if_due() {
  if (!is_due(previous_step, step, config.eval_freq)) return;
  EvalStats stats = evaluator->run(agent);
  stats.step = step;
  const bool best = !(stats.mean_return <= best_eval_return);  // also where there was none
  if (best) best_eval_return = stats.mean_return;
  last_eval = std::move(stats);
  if (recorder) {
    recorder->evaluation(summary(), *last_eval);
    recorder->log("evaluation at step " + std::to_string(step) + ": mean return " +
                  std::to_string(last_eval->mean_return));
    if (best) save_best(*last_eval);
  }
  if (options.callback != nullptr) ask(options.callback->on_evaluation(summary(), *last_eval));
}

void Trainer::Impl::checkpoint_if_due() {
  if (run_dir && reason != StopReason::aborted && is_due(previous_step, step, config.checkpoint_freq))
    save_checkpoint();
}

void Trainer::Impl::finish() {
  if (!run_dir) return;
  if (reason != StopReason::aborted && last_checkpoint_step != step) save_checkpoint();
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
  return bytes + (config.checkpoint_replay ? ReplayBuffer::bytes_needed(replay.shape()) : 0);
}

void Trainer::Impl::save_checkpoint() {
  recorder->sync();  // what the checkpoint counts on is on the device before it is
  const auto tensors = [](WritableFile& file, const TensorFile& contents) {
    file.write(std::span<const std::byte>(encode_safetensors(contents)));
  };
  CheckpointFiles files = {
      {"model.safetensors",
       [&](WritableFile& file) { tensors(file, save_tensors(agent.model_tensors(), model_metadata())); }},
      {"optimizer.safetensors",
       [&](WritableFile& file) { tensors(file, save_tensors(agent.optimizer_tensors(), {})); }},
      {"state.json", [&](WritableFile& file) { file.write(to_json(run_state())); }},
      {"state.envs", [&](WritableFile& file) { file.write(std::span<const std::byte>(envs->save_state())); }},
  };
  if (config.checkpoint_replay)
    files.emplace_back("state.replay", [&](WritableFile& file) { write_replay(replay, file); });
  const Path dir = run_dir->path() / "checkpoints";
  const std::string name = write_checkpoint(fs, dir, step, state_hash(), files);
  last_checkpoint = (dir / name).string();
  last_checkpoint_step = step;
  recorder->log("checkpoint " + name);
  write_status("running");
  if (options.callback != nullptr) options.callback->on_checkpoint(summary(), last_checkpoint);
}

// One file, replaced atomically; the manifest beside it repeats what its header says, with its sum.
void Trainer::Impl::save_best(const EvalStats& stats) {
  auto metadata = model_metadata();
  metadata["mean_reward"] = nlohmann::json(stats.mean_return).dump();
  const std::vector<std::byte> bytes = encode_safetensors(save_tensors(agent.model_tensors(), metadata));
  const Path dir = run_dir->path() / "best";
  write_file_atomic(fs, dir / "model.safetensors", bytes);
  const nlohmann::ordered_json manifest = {
      {"format", 1},
      {"step", step},
      {"mean_reward", stats.mean_return},
      {"episodes", stats.returns.size()},
      {"files", {{"model.safetensors", {{"bytes", bytes.size()}, {"sha256", sha256_hex(bytes)}}}}}};
  write_file_atomic(fs, dir / "manifest.json", manifest.dump(2) + "\n");
}

}  // namespace softac

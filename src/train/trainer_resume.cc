// Going on with a run: its directory, the newest intact checkpoint, and everything that the checkpoint holds.
#include <cmath>
#include <limits>

#include "base/digest.h"
#include "config/resolve.h"
#include "config/toml_file.h"
#include "env/mujoco_version.h"
#include "run/build_info.h"
#include "run/checkpoint.h"
#include "run/resume.h"
#include "softac/error.h"
#include "train/trainer_impl.h"

namespace softac {

namespace {

std::vector<std::uint64_t> positions(std::span<const Rng> rngs) {
  std::vector<std::uint64_t> out;
  for (const Rng& rng : rngs) out.push_back(rng.position());
  return out;
}

void set_positions(std::span<Rng> rngs, const std::vector<std::uint64_t>& values, const std::string& source) {
  if (values.size() != rngs.size()) {
    throw IoError(source + ": positions of " + std::to_string(values.size()) + " generators, expected " +
                  std::to_string(rngs.size()));
  }
  for (std::size_t i = 0; i < rngs.size(); ++i) rngs[i].set_position(values[i]);
}

}  // namespace

RunState Trainer::Impl::run_state() {
  RunState s;
  s.step = step;
  s.num_vector_steps = num_vector_steps;
  s.update_from = update_from;
  s.num_rollbacks = num_rollbacks;
  s.elapsed_sec = elapsed_sec();
  s.agent = agent.counters();
  s.sample_position = sample_rng.position();
  s.act_positions = positions(collector.act_rngs());
  s.warmup_positions = positions(collector.warmup_rngs());
  s.num_episodes = episodes.count();
  s.episode_returns.assign(episodes.returns().begin(), episodes.returns().end());
  s.episode_lengths.assign(episodes.lengths().begin(), episodes.lengths().end());
  s.update_sum = update_means.sum();
  s.update_count = update_means.count();
  s.last_update = last_update;
  if (!std::isnan(best_eval_return)) s.best_eval_return = best_eval_return;
  if (last_eval) {
    s.last_eval_step = last_eval->step;
    s.last_eval_returns = last_eval->returns;
    s.last_eval_lengths = last_eval->lengths;
  }
  s.envs_can_save_state = envs->can_save_state();
  s.mujoco_version = mujoco_version();
  s.softac_version = softac_version();
  s.records = recorder->positions();
  return s;
}

void Trainer::Impl::set_run_state(const RunState& s, const std::string& source) {
  step = previous_step = s.step;
  num_vector_steps = s.num_vector_steps;
  update_from = s.update_from;
  num_rollbacks = s.num_rollbacks;
  earlier_sec = s.elapsed_sec;
  agent.set_counters(s.agent);
  sample_rng.set_position(s.sample_position);
  set_positions(collector.act_rngs(), s.act_positions, source);
  set_positions(collector.warmup_rngs(), s.warmup_positions, source);
  episodes.restore(s.num_episodes, s.episode_returns, s.episode_lengths);
  update_means.restore(s.update_sum, s.update_count);
  last_update = s.last_update;
  best_eval_return = s.best_eval_return.value_or(std::numeric_limits<double>::quiet_NaN());
  last_eval.reset();
  if (s.last_eval_step >= 0) {
    last_eval.emplace();
    last_eval->step = s.last_eval_step;
    last_eval->env_id = envs->spec().id;
    last_eval->returns = s.last_eval_returns;
    last_eval->lengths = s.last_eval_lengths;
    summarize(*last_eval);
  }
}

// Everything but the records.
RunState Trainer::Impl::load_checkpoint(const CheckpointInfo& info) {
  const Path dir = info.path;
  const auto load = [&](const char* name, const std::vector<TensorRef>& tensors) {
    const Path path = dir / name;
    load_tensors(tensors, decode_safetensors(fs.read_file(path, kMaxModelBytes), path.string()), path.string());
  };
  load("model.safetensors", agent.model_tensors());
  load("optimizer.safetensors", agent.optimizer_tensors());
  const Path state_path = dir / "state.json";
  RunState state = parse_run_state(fs.read_text(state_path, kMaxRunStateBytes), state_path.string());
  set_run_state(state, state_path.string());
  envs->load_state(fs.read_file(dir / "state.envs", kMaxModelBytes));
  const bool has_replay = fs.exists(dir / "state.replay");
  if (has_replay && replay_log) replay_log->load(fs, info, run_dir->path() / "replay");
  if (hash_text(state_hash()) != info.state_hash && envs->can_save_state() && has_replay)
    throw IoError(info.path + ": what it holds is not the state that it was made of");

  if (!envs->can_save_state()) {
    notes.push_back(config.env_id + " cannot save its state: the run goes on with new episodes");
    for (int env = 0; env < config.n_envs; ++env) replay.end_episode(env);
  }
  if (!has_replay) {
    const std::int64_t first = std::max<std::int64_t>(config.learning_starts, config.sac.batch_size);
    update_from = step + first;
    if (step > 0) {
      notes.push_back("the checkpoint holds no replay: updates begin again after " + std::to_string(first) +
                      " more steps of the policy");
    }
  }
  if (state.mujoco_version != mujoco_version())
    notes.push_back("the run used MuJoCo " + state.mujoco_version + ", this is " + mujoco_version());
  return state;
}

void Trainer::Impl::resume_records() {
  if (!is_run(fs, options.run_dir)) throw IoError(options.run_dir + ": no run to go on with; it holds no config.toml");
  run_dir.emplace(fs, options.run_dir);
  run_path = run_dir->path().string();
  const Path config_path = run_dir->path() / "config.toml";
  const ResolvedConfig saved = parse_run_config(fs.read_text(config_path, kMaxTomlBytes), config_path.string());
  std::string wrong;
  for (const std::string& difference : setting_differences(config, saved.config)) wrong += "\n  " + difference;
  if (!wrong.empty())
    throw ConfigError(run_path +
                      ": a run goes on under its own settings (--init-from starts another from it):" + wrong);

  if (config.checkpoint_replay) replay_log.emplace(replay);
  const Path checkpoints = run_dir->path() / "checkpoints";
  std::optional<RunState> state;
  const auto choice = choose_checkpoint_to_resume(fs, checkpoints);
  for (const std::string& skipped : choice.skipped) notes.push_back("checkpoint " + skipped);
  if (choice.found) {
    state = load_checkpoint(*choice.found);
    last_checkpoint = choice.found->path;
    last_checkpoint_step = step;
  } else {
    notes.push_back(run_path + " has no checkpoint yet: it starts anew");
    for (const std::string& name : fs.list(run_dir->path())) {
      if (name.starts_with("events.out.tfevents.")) fs.remove(run_dir->path() / name.c_str());
    }
  }
  if (replay_log) replay_log->start_names(fs, run_dir->path() / "replay", first_free_segment(fs, checkpoints));
  writer.emplace();
  if (choice.found) restore_best(*choice.found);
  resumed = state.has_value();
  first_step = step;
  // Kept: where each setting came from. Changed: what may be.
  options.origins = saved.origin;
  for (const auto& difference : setting_differences(config, saved.config, true))
    options.origins[difference.substr(0, difference.find(' '))] = "resume";
  run_dir->write_text("config.toml", config_toml({config, options.origins}));
  recorder.emplace(fs, run_dir->path(), config, target_entropy(), wall_time(), state ? &state->records : nullptr);
  recorder->log("softac " + softac_version() + " goes on: " + options.command);
  for (const std::string& note : notes) say(note);
  if (resumed) say("resumed from " + Path(last_checkpoint).filename().string() + " at step " + std::to_string(step));
  write_status("running");
}

}  // namespace softac

#include "train/run_writer.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "config/resolve.h"
#include "config/toml_file.h"
#include "run/build_info.h"
#include "run/checkpoint.h"
#include "run/resume.h"
#include "softac/error.h"
#include "train/evaluator.h"
#include "train/forking.h"

namespace softac {
namespace {

class Stopwatch {
 public:
  double sec() const { return monotonic_sec() - start_; }

 private:
  double start_ = monotonic_sec();
};

}  // namespace

RunWriter::RunWriter(FileSystem& fs, Training& training, const TrainerOptions& options) : fs_(fs), training_(training) {
  if (training.config.checkpoint_replay) replay_log_.emplace(training.replay);
  options.resume ? resume(options) : open(options);
}

void RunWriter::open(const TrainerOptions& options) {
  const TrainConfig& config = training_.config;
  const std::string backend = training_.agent.backend_name();
  const std::vector<InputFile> inputs = input_files(config);
  std::optional<ForkParent> parent;
  if (!options.fork_from.empty()) parent = fork_parent(options, inputs);
  if (parent) load_fork(options, *parent);
  make_run_dir(options);
  if (replay_log_) replay_log_->start_names(fs_, path() / "replay", 1);
  // With config.toml it is a run; a fork that has no checkpoint yet begins again from its parent.
  run_dir_->write_text("provenance.json", provenance_json(backend, training_.agent.num_threads(), inputs, parent));
  run_dir_->write_text("config.toml", config_toml({config, options.origins, inputs}));
  run_dir_->write_text("command.txt", options.command + "\n");
  open_recorder(nullptr);
  writer_.emplace();
  write_status({});
  log("softac " + softac_version() + ", " + config.env_id + ", seed " + std::to_string(config.seed) + ", backend " +
      backend);
  const bool replays = config.checkpoint_replay;
  log("replay: up to " + bytes_text(ReplayBuffer::bytes_needed(training_.replay.shape())) +
      " of memory; checkpoints: up to " + bytes_text(checkpoint_bytes(training_)) + " on disk, all that are kept" +
      (replays ? " and their replay" : ""));
  if (parent) {
    for (const SettingDifference& difference : parent->changed)
      log("changed: " + difference.name + " = " + difference.wanted + ", the parent has " + difference.of_run);
    save_checkpoint();
    resumed_ = true;
    notes_.push_back("forked from " + parent->checkpoint + " of " + parent->run_dir);
  }
}

ForkParent RunWriter::fork_parent(const TrainerOptions& options, const std::vector<InputFile>& inputs) const {
  const Path dir = options.fork_from, config_path = dir / "config.toml";
  require_run_dir(fs_, dir);
  const ResolvedConfig saved = parse_run_config(fs_.read_text(config_path, kMaxTomlBytes), config_path.string());
  std::vector<InputFile> before = saved.inputs;
  if (saved.config.offline_data != training_.config.offline_data)  // which a fork may have others of, or none
    std::erase_if(before, [](const InputFile& file) { return file.setting == "offline_data"; });
  refuse_changed_inputs(dir.string(), compare_input_files(before, inputs), options.allow_changed);
  ForkParent parent;
  parent.run_dir = std::filesystem::absolute(dir).lexically_normal().string();
  parent.changed = setting_differences(training_.config, saved.config);
  refuse_in_fork(dir.string(), parent.changed);
  return parent;
}

void RunWriter::make_run_dir(const TrainerOptions& options) {
  if (run_dir_) return;
  run_dir_ = std::make_shared<RunDir>(fs_, options.run_dir, options.runs_root, training_.config, wall_time());
  remove_segments(fs_, path() / "replay");  // of a fork that was ended before it was a run
}

// The parent may be training: where a checkpoint is gone by the time it is read, the next one is taken.
void RunWriter::load_fork(const TrainerOptions& options, ForkParent& parent) {
  constexpr int kTries = 5;
  for (int attempt = 1;; ++attempt) {
    const CheckpointInfo found = choose_fork_checkpoint(fs_, parent.run_dir, options.fork_step);
    if (training_.config.total_timesteps <= found.step) {
      throw ConfigError("total_timesteps = " + std::to_string(training_.config.total_timesteps) + ": " + found.path +
                        " is at step " + std::to_string(found.step) +
                        " already; --steps names the total of the fork, its parent's steps included");
    }
    try {
      begin_fork(fs_, found, parent.changed, training_, replay_log_ ? &*replay_log_ : nullptr, notes_);
      make_run_dir(options);  // when nothing is left to refuse
      if (replay_log_) copy_segments(fs_, found, path() / "replay");
      parent.checkpoint = found.name;
      parent.step = found.step;
      parent.state_hash = found.state_hash;
      return;
    } catch (const IoError&) {
      if (attempt == kTries || fs_.exists(found.path)) throw;
      notes_.clear();
    }
  }
}

void RunWriter::fork_again(const ForkParent& parent) {
  const CheckpointInfo found = find_fork_checkpoint(fs_, parent);
  const Path config_path = Path(parent.run_dir) / "config.toml";
  const ResolvedConfig saved = parse_run_config(fs_.read_text(config_path, kMaxTomlBytes), config_path.string());
  begin_fork(fs_, found, setting_differences(training_.config, saved.config), training_,
             replay_log_ ? &*replay_log_ : nullptr, notes_);
  if (replay_log_) copy_segments(fs_, found, path() / "replay");
  notes_.push_back("forked again from " + parent.checkpoint + " of " + parent.run_dir);
}

void RunWriter::resume(const TrainerOptions& options) {
  const TrainConfig& config = training_.config;
  if (!is_run(fs_, options.run_dir)) throw IoError(options.run_dir + ": no run to resume; it holds no config.toml");
  run_dir_ = std::make_shared<RunDir>(fs_, options.run_dir);
  const Path config_path = path() / "config.toml";
  const ResolvedConfig saved = parse_run_config(fs_.read_text(config_path, kMaxTomlBytes), config_path.string());
  const std::vector<InputFile> inputs = input_files(config);
  const InputChanges files = compare_input_files(saved.inputs, inputs);
  refuse_changed_inputs(path().string(), files, options.allow_changed);
  const auto changed = run_differences(config, saved, inputs, options.allow_changed);
  refuse_on_resume(path().string(), changed);

  const Path checkpoints = path() / "checkpoints";
  std::optional<RunState> state;
  const auto choice = choose_checkpoint_to_resume(fs_, checkpoints);
  for (const std::string& skipped : choice.skipped) notes_.push_back("checkpoint " + skipped);
  std::optional<ForkParent> parent;
  if (choice.found) {
    state = load_checkpoint(fs_, path() / "replay", *choice.found, training_, replay_log_ ? &*replay_log_ : nullptr,
                            notes_);
    last_checkpoint_ = choice.found->path;
    last_checkpoint_step_ = training_.schedule.step();
    last_checkpoint_due_ = training_.due;
    refuse_fewer_steps(saved.config);
  } else if (parent = read_fork_parent(fs_, path()); parent) {
    fork_again(*parent);
  } else {
    notes_.push_back(path().string() + " has no checkpoint yet: it starts from step 0");
  }
  if (!choice.found) {
    for (const std::string& name : fs_.list(path())) {
      if (name.starts_with("events.out.tfevents.")) fs_.remove(path() / name.c_str());
    }
  }
  if (replay_log_) replay_log_->start_names(fs_, path() / "replay", first_free_segment(fs_, checkpoints));
  writer_.emplace();
  if (choice.found) restore_best(*choice.found);
  resumed_ = state.has_value() || parent.has_value();

  Resumption resumption;
  resumption.wall_time_sec = wall_time();
  resumption.step = training_.schedule.step();
  resumption.checkpoint = choice.found ? choice.found->name : "";
  resumption.command = options.command;
  resumption.backend = training_.agent.backend_name();
  resumption.threads = training_.agent.num_threads();
  resumption.changed = changed;
  for (const auto* texts : {&files.changed, &files.moved})
    resumption.changed_files.insert(resumption.changed_files.end(), texts->begin(), texts->end());
  record_resumption(fs_, path(), resumption);  // first: no value changes without a record
  auto origins = saved.origin;                 // kept: where each setting came from
  for (const SettingDifference& difference : changed) origins[difference.name] = "resume";
  run_dir_->write_text("config.toml", config_toml({config, origins, inputs}));
  open_recorder(state ? &state->records : nullptr);
  log("softac " + softac_version() + " resumes: " + options.command);
  for (const SettingDifference& difference : changed)
    notes_.push_back("changed: " + difference.name + " = " + difference.wanted + ", was " + difference.of_run);
  notes_.insert(notes_.end(), resumption.changed_files.begin(), resumption.changed_files.end());
  if (state) {
    notes_.push_back("resumed from " + choice.found->name + " at step " + std::to_string(training_.schedule.step()));
  }
  write_status({});
  if (parent) save_checkpoint();
}

void RunWriter::refuse_fewer_steps(const TrainConfig& before) const {
  const std::int64_t wanted = training_.config.total_timesteps, step = training_.schedule.step();
  if (wanted == before.total_timesteps || wanted >= step) return;
  throw ConfigError("total_timesteps = " + std::to_string(wanted) + ": " + path().string() + " is at step " +
                    std::to_string(step) + " already; --steps names the total of the whole run");
}

void RunWriter::open_recorder(const RecordPositions* resume_at) {
  recorder_.emplace(fs_, path(), training_.config, training_.agent.target_entropy(), wall_time(), resume_at);
}

RunState RunWriter::run_state() {
  RunState state = training_.run_state();
  state.records = recorder_->positions();
  return state;
}

void RunWriter::write_status(const Outcome& outcome) {
  run_dir_->write_status(outcome.state(), outcome.ended() ? std::string(stop_reason_name(outcome.reason())) : "",
                         outcome.message(), training_.schedule.step(), training_.config.total_timesteps, wall_time());
}

void RunWriter::episode(double episode_return, std::int64_t length) {
  recorder_->episode(episode_return, length, training_.clock.elapsed_sec());
}

const std::vector<Metric>& RunWriter::row(const UpdateRow& row) {
  const std::vector<Metric>& written = recorder_->row(training_.summary(), row);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_flush_ > std::chrono::seconds(1)) {
    recorder_->flush();
    last_flush_ = now;
  }
  return written;
}

void RunWriter::evaluation(const EvalStats& stats, bool best) {
  const Stopwatch wait;
  recorder_->evaluation(training_.summary(), stats);
  log("evaluation at step " + std::to_string(stats.step) + ": mean return " + std::to_string(stats.mean_return) +
      (stats.num_cut_off > 0 ? ", " + cut_off_text(stats) : ""));
  write_evaluations();
  if (best) save_best(stats);
  add_wait(wait.sec());
}

// As they are now. Jobs keep their order, so a checkpoint that counts on them is written after them.
void RunWriter::write_evaluations() {
  writer_->submit([evaluations = recorder_->evaluations()] { evaluations.save(); });
}

void RunWriter::save_best(const EvalStats& stats) {
  const auto made =
      std::make_shared<const BestModel>(make_best(training_.agent.model_tensors(), training_.model_metadata(), stats));
  if (training_.config.max_rollbacks > 0) best_ = made;
  writer_->submit([this, made] { write_best(fs_, path() / "best", *made); });
}

// To be called when the checkpoint has been loaded. A run that never rolls back finds the same best model again.
void RunWriter::restore_best(const CheckpointInfo& info) {
  if (training_.config.max_rollbacks == 0) return;
  best_.reset();
  const Path kept = Path(info.path) / kBestInCheckpoint, dir = path() / "best";
  if (!training_.statistics.has_best()) {
    writer_->submit([this, dir] { remove_best(fs_, dir); });
  } else {
    // A run that could not roll back until now has none in its checkpoints.
    const Path file = fs_.exists(kept) ? kept : dir / "model.safetensors";
    if (!fs_.exists(file)) return;
    auto found = std::make_shared<BestModel>(read_best(fs_, file));
    if (file != kept && found->step > info.step) return;  // of a later evaluation than the checkpoint's
    found->mean_return = training_.statistics.best_eval_return();
    found->num_episodes = training_.config.n_eval_episodes;
    best_ = found;
    writer_->submit([this, dir, found] { write_best(fs_, dir, *found); });
  }
}

void RunWriter::replay_step() {
  if (replay_log_) submit(replay_log_->step());
}

void RunWriter::submit(std::optional<ReplayLog::Cut> cut) {
  if (!cut) return;
  auto shared = std::make_shared<ReplayLog::Cut>(std::move(*cut));
  writer_->submit([this, shared] { write_segment(fs_, path() / "replay", *shared); });
}

void RunWriter::save_checkpoint() {
  const Stopwatch wait;
  recorder_->flush();
  auto snapshot = std::make_shared<Snapshot>();
  std::vector<std::shared_ptr<ReplaySegment>> segments;
  if (replay_log_) {
    submit(replay_log_->cut());
    segments = replay_log_->live();
  }
  *snapshot = take_snapshot(training_, run_state());
  if (replay_log_) snapshot->rings = encode_rings(training_.replay);
  snapshot->segments = std::move(segments);
  snapshot->best = best_;
  snapshot->records = recorder_->paths();
  writer_->submit([this, snapshot] {
    const std::string name = write_snapshot(fs_, path(), *snapshot);
    {
      const std::lock_guard lock(done_mutex_);
      done_.push_back((path() / "checkpoints" / name).string());
    }
    has_done_.store(true);
  });
  last_checkpoint_step_ = training_.schedule.step();
  last_checkpoint_due_ = training_.due;
  ++num_checkpoints_;
  add_wait(wait.sec());
}

void RunWriter::add_wait(double sec) {
  longest_wait_sec_ = std::max(longest_wait_sec_, sec);
  total_wait_sec_ += sec;
}

void RunWriter::look(const Outcome& outcome, const CheckpointHeard& on_checkpoint) {
  if (has_done_.exchange(false)) {
    std::vector<std::string> done;
    {
      const std::lock_guard lock(done_mutex_);
      done.swap(done_);
    }
    for (const std::string& checkpoint : done) {
      last_checkpoint_ = checkpoint;
      log("checkpoint " + Path(checkpoint).filename().string());
      on_checkpoint(checkpoint);
    }
    if (!outcome.ended()) {
      writer_->submit([this, step = training_.schedule.step()] {
        run_dir_->write_status("running", "", "", step, training_.config.total_timesteps, wall_time());
      });
    }
  }
  writer_->check();
}

std::string RunWriter::roll_back() {
  writer_.emplace();
  const auto choice = choose_checkpoint_to_resume(fs_, path() / "checkpoints");
  if (!choice.found) return "";
  recorder_->flush();
  notes_.clear();
  const RunState state =
      load_checkpoint(fs_, path() / "replay", *choice.found, training_, replay_log_ ? &*replay_log_ : nullptr, notes_);
  recorder_->close();
  open_recorder(&state.records);
  if (training_.config.eval_freq > 0) write_evaluations();
  restore_best(*choice.found);
  return choice.found->name;
}

void RunWriter::save_last(const Outcome& outcome) {
  const bool saved = last_checkpoint_step_ == training_.schedule.step() && last_checkpoint_due_ == training_.due;
  if (outcome.keeps_checkpoint() && !saved) save_checkpoint();
  writer_->drain();
}

void RunWriter::log_costs() {
  if (num_checkpoints_ == 0) return;
  char text[200];
  std::snprintf(text, sizeof(text),
                "checkpoints: %lld, training waited %.1f ms at most and %.3f s in all; writing took %.3f s of CPU time",
                static_cast<long long>(num_checkpoints_), 1e3 * longest_wait_sec_, total_wait_sec_, writer_->cpu_sec());
  log(text);
}

void RunWriter::close(const Outcome& outcome) {
  recorder_->sync();
  recorder_->close();
  write_status(outcome);
}

void RunWriter::close_failed(const Outcome& outcome, const CheckpointHeard& on_checkpoint) {
  const auto attempt = [](auto&& write) {
    try {
      write();
    } catch (const Error&) {
      // The failure that is being reported comes first.
    }
  };
  attempt([&] { writer_->drain(); });
  attempt([&] { look(outcome, on_checkpoint); });
  attempt([&] { write_status(outcome); });
  attempt([&] { log(outcome.message()); });
  attempt([&] { recorder_->close(); });
}

}  // namespace softac

// The loop over the parts of a run, and when each of them is asked. What the parts are and do is in their own files.
#include "softac/trainer.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/fp_modes.h"
#include "base/stop_request.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "train/diagnosis.h"
#include "train/doubts.h"
#include "train/evaluator.h"
#include "train/guards.h"
#include "train/hang_report.h"
#include "train/init_from.h"
#include "train/outcome.h"
#include "train/run_writer.h"
#include "train/training.h"
#include "train/video_maker.h"

namespace softac {

struct Trainer::Impl {
  Impl(const TrainConfig& settings, TrainerOptions run_options);

  void start();
  bool proceed();
  void collect();
  void update_as_due();
  void update();
  void log_if_due();
  void diagnose_if_due();
  void evaluate_if_due();
  void checkpoint_if_due();
  bool roll_back(const NumericsError& error);
  void finish();
  void fail(StopReason reason, const std::string& text);
  TrainReport report();

  void ask(TrainAnswer answer);
  void say(const std::string& text);
  std::string at_step() const { return "step " + std::to_string(training.schedule.step()); }
  std::string still_due() const;

  TrainerOptions options;
  FileSystem& fs;
  HangReport hang;  // before what has a watching thread: environments, evaluator, diagnosis
  Training training;
  std::optional<Evaluator> evaluator;
  std::optional<Diagnosis> diagnosis;
  std::optional<RunWriter> writer;  // none without records
  Guards guards;
  Doubts doubts;
  Outcome outcome;
  StopRequest stop;
  bool said_cut_off = false;
  TrainCallback silent;
  TrainCallback& callback;
  std::string run_path;  // "" without records
  bool started = false;
  const RunWriter::CheckpointHeard on_checkpoint = [this](const std::string& path) {
    callback.on_checkpoint(training.summary(), path);
    if (videos) videos->on_checkpoint(path);
  };
  std::optional<VideoMaker> videos;
};

TrainReport Trainer::run() {
  const StandardFpModes modes;
  Impl& t = *impl_;
  try {
    t.start();
    while (t.proceed()) {
      try {
        t.collect();        // act, store
        t.update_as_due();  // sample, update
        t.log_if_due();
        t.diagnose_if_due();
        t.evaluate_if_due();
        t.checkpoint_if_due();
      } catch (const StoppedError&) {  // proceed() says why; what was not done stays due
      } catch (const NumericsError& error) {
        if (!t.roll_back(error)) throw;
      }
    }
    t.finish();
  } catch (const EnvError& error) {
    t.fail(StopReason::env_error, error.what());
  } catch (const NumericsError& error) {
    t.fail(StopReason::numerics, error.what() + t.doubts.largest());
  } catch (const DiskError& error) {
    t.fail(StopReason::disk, error.what());
  } catch (const IoError& error) {
    t.fail(StopReason::io, error.what());
  }
  return t.report();
}

namespace {

// Before anything is made.
TrainerOptions checked(TrainerOptions options) {
  if (options.resume && !options.records)
    throw ConfigError("resume: a run is resumed with its records; set records = true");
  if (options.resume && options.run_dir.empty()) throw ConfigError("resume: run_dir must name the run to resume");
  if (!options.fork_from.empty()) {
    if (!options.records) throw ConfigError("fork_from: a fork is a run with records; set records = true");
    if (options.resume) throw ConfigError("fork_from: a fork is a new run, which resume is not");
    if (!options.init_from.empty())
      throw ConfigError("fork_from: a fork has its parent's networks; init_from is another");
  }
  // An environment may change the directory of the process.
  for (std::string* path : {&options.run_dir, &options.runs_root, &options.init_from, &options.fork_from}) {
    if (!path->empty()) *path = std::filesystem::absolute(*path).lexically_normal().string();
  }
  return options;
}

// What cannot be made while the environments of training exist says what to set.
template <class Make>
void make_beside(const TrainConfig& config, const char* what, const char* setting, Make&& make) {
  const auto with_advice = [&](const Error& error) {
    return std::string(error.what()) + "\n  " + what + " needs environments of its own beside the " +
           std::to_string(config.n_envs) + " of training; if " + config.env_id +
           " can exist only so often at a time, set " + setting;
  };
  try {
    make();
  } catch (const ConfigError& error) {
    throw ConfigError(with_advice(error));
  } catch (const EnvError& error) {
    throw EnvError(with_advice(error));
  }
}

}  // namespace

Trainer::Impl::Impl(const TrainConfig& settings, TrainerOptions run_options)
    : options(checked(std::move(run_options))),
      fs(options.file_system != nullptr ? *options.file_system : posix_file_system()),
      hang(settings.total_timesteps, options.on_env_hang),
      training(settings, options.memory_limit_bytes, [this](const std::string& text) { hang.report(text); }),
      guards(fs, training, [this](const std::string& text) { say(text); }),
      doubts(training.config, training.agent, [this](const std::string& text) { say(text); }),
      callback(options.callback != nullptr ? *options.callback : silent) {
  const TrainConfig& config = training.config;
  const auto on_hang = [this](const std::string& text) { hang.report(text); };
  if (config.eval_freq > 0) {
    make_beside(config, "An evaluation", "eval_freq=0 (softac eval evaluates afterwards)",
                [&] { evaluator.emplace(config, config.n_eval_episodes, config.seed, on_hang); });
  }
  if (config.diag_freq > 0)
    make_beside(config, "A diagnosis", "diag_freq=0", [&] { diagnosis.emplace(config, training.agent, on_hang); });
  if (!options.resume && !options.init_from.empty()) load_initial_networks(fs, options.init_from, training);
  if (options.records) {
    writer.emplace(fs, training, options);
    guards.set_writer(&*writer);
    hang.set_run_dir(writer->run_dir());
    hang.set_step(training.schedule.step());
    run_path = writer->path().string();
    for (const std::string& note : writer->notes()) say(note);
    if (config.video_freq > 0) {
      videos.emplace(options.video_command, run_path, config.video_freq, training.schedule.step(),
                     [this](const std::string& text) { say(text); });
    }
    // A run that had no checkpoint yet starts over, with the same initial networks.
    if (options.resume && !writer->resumed() && !options.init_from.empty())
      load_initial_networks(fs, options.init_from, training);
  }
}

void Trainer::Impl::start() {
  SOFTAC_REQUIRE(!started && !outcome.ended());
  started = true;
  training.clock.start(training.schedule.step());
  stop = StopRequest(options.stop_signal, training.config.max_time_sec);
  callback.on_start(training.summary(), run_path);
  if (training.offline) {
    say(training.offline->summary);
    if (!training.offline->warning.empty()) say(training.offline->warning);
  }
  doubts.of_settings();
  if (writer && writer->resumed()) return;
  training.envs->reset();
  // The other run may be gone when this one is resumed; a rollback needs a place to go to.
  if (writer && (!options.init_from.empty() || training.config.max_rollbacks > 0)) writer->save_checkpoint();
}

// False when the run is over, for whatever reason.
bool Trainer::Impl::proceed() {
  if (outcome.ended()) return false;
  const int signal = stop.signal();
  if (training.schedule.at_end() && !training.due.any()) {
    outcome.stop(StopReason::finished, "all " + std::to_string(training.schedule.total_timesteps()) + " steps done");
  } else if (signal != 0) {
    outcome.stop(StopReason::interrupted,
                 "stopped by signal " + std::to_string(signal) + " at " + at_step() + still_due(), signal);
  } else if (stop.time_is_over()) {
    outcome.stop(StopReason::time, "max_time_sec is over at " + at_step() + still_due());
  }
  return !outcome.ended();
}

std::string Trainer::Impl::still_due() const {
  const Due& due = training.due;
  if (due.updates > 0) return "; " + std::to_string(due.updates) + " of its updates are still to come";
  if (due.diagnosis) return "; its diagnosis is still to come";
  if (due.evaluation) return "; its evaluation is still to come";
  return "";
}

// Not where what the last step asks for is unfinished.
void Trainer::Impl::collect() {
  if (training.due.any()) return;
  const VecEnv& envs = *training.envs;
  const bool random = training.schedule.random_actions();
  training.collector.step(random);
  doubts.of_step(envs, training.collector.actions(), random);
  training.schedule.advance();
  training.clock.tick(training.schedule.step(), training.schedule.warming_up());
  hang.set_step(training.schedule.step());
  guards.warn_of_failures();
  for (std::size_t i = 0; i < static_cast<std::size_t>(envs.num_envs()); ++i) {
    if (envs.terminated()[i] == 0 && envs.truncated()[i] == 0) continue;
    training.statistics.add_episode(envs.episode_return()[i], envs.episode_length()[i]);
    if (writer) writer->episode(envs.episode_return()[i], envs.episode_length()[i]);
  }
  training.due = training.schedule.due();
  if (training.sampler.empty()) training.due.updates = 0;
  if (writer) writer->replay_step();
  ask(callback.on_step(training.summary()));
}

// Stops between two updates: a phase may have millions. The first follows its step in any case, so that the usual run
// stops at whole steps.
void Trainer::Impl::update_as_due() {
  for (bool first = true; training.due.updates > 0; first = false) {
    if (!first && stop.asked()) throw stop.error("between updates");
    update();
    --training.due.updates;
  }
}

void Trainer::Impl::update() {
  training.sampler.fill(training.agent.batch());
  const UpdateMetrics metrics = training.agent.update();
  training.statistics.add_update(metrics);
  guards.check(metrics);
  guards.warn_of_bounds(metrics);
}

void Trainer::Impl::log_if_due() {
  if (!std::exchange(training.due.log, false)) return;
  const UpdateRow row = training.statistics.take_row();
  if (writer) {
    std::vector<DiagnosticValue> values;
    for (const Metric& metric : writer->row(row)) values.push_back({std::string(metric.name), metric.value});
    callback.on_row(training.summary(), values);
  }
  if (videos) videos->look();
  ask(callback.on_log(training.summary()));
}

void Trainer::Impl::diagnose_if_due() {
  if (!training.due.diagnosis) return;
  const bool nothing_to_see = training.agent.num_updates() == 0 || training.sampler.empty();
  if (!diagnosis || nothing_to_see) {
    training.due.diagnosis = false;
    return;
  }
  const auto& values = [&]() -> const std::vector<DiagnosticValue>& {
    const RunClock::Pause pause(training.clock, PauseKind::diagnosis);
    return diagnosis->run(training.agent, training.replay, training.schedule.step(), stop);
  }();
  training.due.diagnosis = false;
  if (writer) writer->diagnosis(values);
  callback.on_diagnosis(training.summary(), values);
}

void Trainer::Impl::evaluate_if_due() {
  if (!training.due.evaluation) return;
  if (!evaluator) {
    training.due.evaluation = false;
    return;
  }
  EvalStats stats = [&] {
    const RunClock::Pause pause(training.clock, PauseKind::evaluation);
    return evaluator->run(training.agent, true, stop);
  }();
  training.due.evaluation = false;
  stats.step = training.schedule.step();
  if (stats.num_cut_off > 0 && !std::exchange(said_cut_off, true)) {
    say("warning: evaluation at " + at_step() + ": " + cut_off_text(stats) +
        "; their returns are of so many steps alone, eval_max_episode_steps sets the limit");
  }
  const bool best = training.statistics.add_evaluation(std::move(stats));
  if (writer) writer->evaluation(training.statistics.last_evaluation(), best);
  ask(callback.on_evaluation(training.summary(), training.statistics.last_evaluation()));
}

void Trainer::Impl::checkpoint_if_due() {
  if (!writer) {
    training.due.checkpoint = false;
    return;
  }
  writer->look(outcome, on_checkpoint);
  if (!std::exchange(training.due.checkpoint, false) || !outcome.keeps_checkpoint()) return;
  const RunClock::Pause pause(training.clock, PauseKind::checkpoint);
  writer->save_checkpoint();
}

bool Trainer::Impl::roll_back(const NumericsError& error) {
  const bool back = guards.roll_back(error.what(), outcome, on_checkpoint);
  hang.set_step(training.schedule.step());
  return back;
}

void Trainer::Impl::finish() {
  if (!writer) return;
  writer->save_last(outcome);
  writer->look(outcome, on_checkpoint);
  if (videos) videos->finish(stop);
  writer->log_costs();
  if (diagnosis && diagnosis->count() > 0) {
    char text[120];
    std::snprintf(text, sizeof(text), "diagnostics: %lld, %.3f s of CPU time, %.2f %% of what this process used",
                  static_cast<long long>(diagnosis->count()), diagnosis->cpu_sec(), 1e2 * diagnosis->cpu_share());
    writer->log(text);
  }
  say(outcome.message());
  writer->close(outcome);
}

void Trainer::Impl::fail(StopReason reason, const std::string& text) {
  std::string where = at_step() + ": ";
  if (reason == StopReason::numerics) where = training.config.env_id + ", " + where;
  if (reason == StopReason::env_error) where.clear();  // the error names environment and step
  outcome.fail(reason, where + text);
  if (writer) writer->close_failed(outcome, on_checkpoint);
}

void Trainer::Impl::ask(TrainAnswer answer) {
  if (answer == TrainAnswer::proceed || outcome.ended()) return;
  const bool stops = answer == TrainAnswer::stop;
  outcome.stop(stops ? StopReason::stopped : StopReason::aborted,
               std::string(stops ? "stopped" : "aborted") + " by a callback at " + at_step());
}

void Trainer::Impl::say(const std::string& text) {
  if (writer) writer->log(text);
  callback.on_message(text);
}

TrainReport Trainer::Impl::report() {
  const EpisodeWindow& episodes = training.statistics.episodes();
  TrainReport r;
  r.reason = outcome.reason();
  r.message = outcome.message();
  r.step = training.schedule.step();
  r.num_updates = training.agent.num_updates();
  r.num_episodes = episodes.count();
  r.signal = outcome.signal();
  r.run_dir = run_path;
  r.checkpoint = writer ? writer->last_checkpoint() : "";
  r.state_hash = outcome.failed() ? 0 : training.state_hash();
  r.elapsed_sec = training.clock.elapsed_sec();
  r.ep_return_mean = episodes.mean_return();
  r.best_eval_return = training.statistics.best_eval_return();
  return r;
}

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

Trainer::Trainer(const TrainConfig& config, TrainerOptions options)
    : impl_([&] {
        const StandardFpModes modes;
        return std::make_unique<Impl>(config, std::move(options));
      }()) {}
Trainer::~Trainer() = default;
SacAgent& Trainer::agent() {
  return impl_->training.agent;
}
const std::string& Trainer::run_dir() const {
  return impl_->run_path;
}
std::uint64_t Trainer::replay_bytes() const {
  return ReplayBuffer::bytes_needed(impl_->training.replay.shape());
}
std::uint64_t Trainer::checkpoint_bytes() const {
  return softac::checkpoint_bytes(impl_->training);
}
std::uint64_t Trainer::state_hash() {
  return impl_->training.state_hash();
}

}  // namespace softac

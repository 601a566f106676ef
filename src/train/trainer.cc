#include "softac/trainer.h"

#include <cmath>
#include <limits>

#include "base/digest.h"
#include "config/make_envs.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "softac/settings.h"
#include "train/trainer_impl.h"

namespace softac {

Trainer::Trainer(const TrainConfig& config, TrainerOptions options)
    : impl_(std::make_unique<Impl>(config, std::move(options))) {}
Trainer::~Trainer() = default;
SacAgent& Trainer::agent() {
  return impl_->agent;
}
const std::string& Trainer::run_dir() const {
  return impl_->run_path;
}
std::uint64_t Trainer::replay_bytes() const {
  return ReplayBuffer::bytes_needed(impl_->replay.shape());
}
std::uint64_t Trainer::checkpoint_bytes() const {
  return impl_->checkpoint_bytes();
}
std::uint64_t Trainer::state_hash() {
  return impl_->state_hash();
}

TrainReport Trainer::run() {
  Impl& t = *impl_;
  try {
    t.start();
    while (t.proceed()) {
      try {
        t.collect();                                                        // act, store
        for (std::int64_t n = t.num_updates_due(); n > 0; --n) t.update();  // update
        t.log_if_due();
        t.diagnose_if_due();
        t.evaluate_if_due();
        t.checkpoint_if_due();
      } catch (const NumericsError& error) {
        if (!t.roll_back(error.what())) throw;
      }
    }
    t.finish();
  } catch (const EnvError& error) {
    t.fail(StopReason::env_error, error.what());
  } catch (const NumericsError& error) {
    t.fail(StopReason::numerics, error.what());
  } catch (const DiskError& error) {
    t.fail(StopReason::disk, error.what());
  } catch (const IoError& error) {
    t.fail(StopReason::io, error.what());
  }
  return t.report();
}

const TrainConfig& checked(const TrainConfig& config) {
  std::string text;
  for (const SettingViolation& violation : validate(config)) text += "\n  " + violation.key + " = " + violation.message;
  if (!text.empty()) throw ConfigError("settings that cannot be used:" + text);
  return config;
}

std::int64_t updates_due(const TrainConfig& config, std::int64_t num_vector_steps, std::int64_t step) {
  const std::int64_t first = config.update_after < 0 ? config.learning_starts : config.update_after;
  if (num_vector_steps % config.train_freq != 0 || step <= first) return 0;
  if (config.gradient_steps < 0) return std::int64_t{config.train_freq} * config.n_envs;
  return std::int64_t{config.gradient_steps} * (config.gradient_steps_per_env_step ? config.n_envs : 1);
}

namespace {

ReplayShape replay_shape(const TrainConfig& config, const EnvSpec& spec) {
  return {spec.obs_dim, spec.act_dim, config.n_envs, config.buffer_size, config.sac.n_steps, config.sac.gamma};
}

const char* what_is_not_finite(const UpdateMetrics& metrics) {
  if (!std::isfinite(metrics.critic_loss)) return "critic loss";
  if (!std::isfinite(metrics.value_loss)) return "loss of the state values";
  if (!std::isfinite(metrics.actor_loss)) return "actor loss";
  if (!std::isfinite(metrics.ent_coef_loss)) return "temperature loss";
  if (!std::isfinite(metrics.ent_coef)) return "temperature";
  return "gradient or parameter";
}

}  // namespace

Trainer::Impl::Impl(const TrainConfig& settings, TrainerOptions run_options)
    : config(checked(settings)),
      options(std::move(run_options)),
      fs(options.file_system != nullptr ? *options.file_system : posix_file_system()),
      envs(make_vec_env(config, config.n_envs, config.seed, StreamKind::env,
                        [this](const std::string& text) { env_hangs(text); })),
      agent(envs->spec().obs_dim, envs->spec().act_dim, agent_config(config, envs->spec()), config.seed, config.threads,
            config.backend),
      replay(replay_shape(config, envs->spec()),
             options.memory_limit_bytes > 0 ? options.memory_limit_bytes : available_memory()),
      collector(*envs, agent, replay, config.seed, {config.action_noise_std, config.random_action_prob}),
      sample_rng(config.seed, StreamKind::sample),
      best_eval_return(std::numeric_limits<double>::quiet_NaN()) {
  if (config.eval_freq > 0) {
    evaluator.emplace(config, config.n_eval_episodes, config.seed,
                      [this](const std::string& text) { env_hangs(text); });
  }
  if (config.diag_freq > 0) diagnosis.emplace(config, agent, [this](const std::string& text) { env_hangs(text); });
  if (options.resume) {
    SOFTAC_REQUIRE(options.records);
    resume_records();
  }
  if (!resumed && !options.init_from.empty()) load_networks(options.init_from);
  if (options.records && !options.resume) open_records();
}

void Trainer::Impl::load_networks(const std::string& run) {
  const CheckpointInfo from = choose_checkpoint(fs, Path(run) / "checkpoints", {}, "model.safetensors");
  const Path path = Path(from.path) / "model.safetensors";
  load_tensors(agent.model_tensors(), read_safetensors(fs, path), path.string());
}

void Trainer::Impl::start() {
  SOFTAC_REQUIRE(step == first_step && !ended, step);
  process_start = start_time = last_flush = std::chrono::steady_clock::now();
  if (options.callback != nullptr) options.callback->on_start(summary(), run_path);
  if (resumed) return;
  envs->reset();
  // The other run may be gone when this one goes on; a rollback needs a place to go to.
  if (run_dir && (!options.init_from.empty() || config.max_rollbacks > 0)) save_checkpoint();
}

// False when the run is over, for whatever reason.
bool Trainer::Impl::proceed() {
  if (ended) return false;
  if (step >= config.total_timesteps) {
    stop(StopReason::finished, "all " + std::to_string(config.total_timesteps) + " steps done");
  } else if (const int number =
                 options.stop_signal != nullptr ? options.stop_signal->load(std::memory_order_relaxed) : 0;
             number != 0) {
    signal = number;
    stop(StopReason::interrupted, "stopped by signal " + std::to_string(number) + " at step " + std::to_string(step));
  } else if (config.max_time_sec > 0.0 && process_sec() >= config.max_time_sec) {
    stop(StopReason::time, "max_time_sec is over at step " + std::to_string(step));
  }
  return !ended;
}

void Trainer::Impl::collect() {
  collector.step(step < config.learning_starts);
  previous_step = step;
  step += config.n_envs;
  ++num_vector_steps;
  if (envs->num_failures() > said_failures) warn_of_failures();
  for (std::size_t i = 0; i < static_cast<std::size_t>(config.n_envs); ++i) {
    if (envs->terminated()[i] == 0 && envs->truncated()[i] == 0) continue;
    episodes.add(envs->episode_return()[i], envs->episode_length()[i]);
    if (recorder) recorder->episode(envs->episode_return()[i], envs->episode_length()[i], elapsed_sec());
  }
  if (replay_log) write_later(replay_log->step());
  if (options.callback != nullptr) ask(options.callback->on_step(summary()));
}

void Trainer::Impl::update() {
  replay.sample(sample_rng, agent.batch());
  last_update = agent.update();
  update_means.add(last_update);
  if (!last_update.finite) {
    throw NumericsError("update " + std::to_string(agent.num_updates()) + ": " + what_is_not_finite(last_update) +
                        " is not finite");
  }
  warn_of_bounds();
}

void Trainer::Impl::ask(TrainAnswer answer) {
  if (answer == TrainAnswer::proceed || ended) return;
  const bool stops = answer == TrainAnswer::stop;
  stop(stops ? StopReason::stopped : StopReason::aborted,
       std::string(stops ? "stopped" : "aborted") + " by a callback at step " + std::to_string(step));
}

void Trainer::Impl::stop(StopReason why, const std::string& text) {
  ended = true;
  reason = why;
  message = text;
}

TrainSummary Trainer::Impl::summary() const {
  TrainSummary s;
  s.step = step;
  s.total_timesteps = config.total_timesteps;
  s.num_updates = agent.num_updates();
  s.num_episodes = episodes.count();
  s.elapsed_sec = elapsed_sec();
  const double own_sec = s.elapsed_sec - earlier_sec;
  s.steps_per_sec = own_sec > 0.0 ? static_cast<double>(step - first_step) / own_sec : 0.0;
  s.ep_return_mean = episodes.mean_return();
  s.ep_length_mean = episodes.mean_length();
  s.last_ep_return = episodes.last_return();
  s.update = last_update;
  s.last_eval = last_eval ? &*last_eval : nullptr;
  s.best_eval_return = best_eval_return;
  return s;
}

double Trainer::Impl::process_sec() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - process_start).count();
}

double Trainer::Impl::elapsed_sec() const {
  return earlier_sec + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_time).count();
}

std::uint64_t Trainer::Impl::state_hash() {
  Digest digest;
  digest.add(step);
  digest.add(num_vector_steps);
  digest.add(episodes.count());
  digest.add(episodes.returns());
  digest.add(episodes.lengths());
  digest.add(agent.state_hash());
  digest.add(replay.digest());
  digest.add(std::span<const std::byte>(envs->save_state()));
  digest.add(sample_rng.position());
  for (const Rng& rng : collector.act_rngs()) digest.add(rng.position());
  for (const Rng& rng : collector.warmup_rngs()) digest.add(rng.position());
  return digest.value();
}

}  // namespace softac

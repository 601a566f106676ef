#include "train/training.h"

#include <limits>

#include "base/digest.h"
#include "config/auto_gamma.h"
#include "config/make_envs.h"
#include "config/settings.h"
#include "env/mujoco_version.h"
#include "run/build_info.h"
#include "softac/error.h"
#include "train/noise_runs.h"

namespace softac {
namespace {

TrainConfig checked(TrainConfig config) {
  refuse(validate(config));
  resolve_gamma(config);
  return config;
}

ReplayShape replay_shape(const TrainConfig& config, const EnvSpec& spec) {
  return {spec.obs_dim, spec.act_dim, config.n_envs, config.buffer_size, config.sac.n_steps, config.sac.gamma};
}

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

Training::Training(const TrainConfig& settings, std::uint64_t memory_limit,
                   const std::function<void(const std::string&)>& on_hang)
    : config(checked(settings)),
      envs(make_vec_env(config, config.n_envs, config.seed, StreamKind::env, on_hang)),
      agent(envs->spec().obs_dim, envs->spec().act_dim, agent_config(config, envs->spec()), config.seed, config.threads,
            config.backend),
      replay(replay_shape(config, envs->spec()), memory_limit > 0 ? memory_limit : available_memory()),
      offline(load_offline_data(config, envs->spec(), replay, memory_limit > 0 ? memory_limit : available_memory())),
      collector(*envs, agent, replay, config.seed, {config.action_noise_std, config.random_action_prob}),
      sampler(replay, config.seed),
      schedule(config) {
  if (offline) sampler.mix(offline->replay, config.offline_ratio);
}

void Training::for_each_rng(const std::function<void(Rng&)>& visit) {
  visit(sampler.rng());
  if (sampler.is_mixed()) visit(sampler.offline_rng());
  for (Rng& rng : collector.act_rngs()) visit(rng);
  for (Rng& rng : collector.warmup_rngs()) visit(rng);
}

std::uint64_t Training::state_hash() {
  Digest digest;
  digest.add(schedule.step());
  digest.add(schedule.num_vector_steps());
  digest.add(statistics.episodes().count());
  digest.add(statistics.episodes().returns());
  digest.add(statistics.episodes().lengths());
  digest.add(agent.state_hash());
  digest.add(replay.digest());
  digest.add(std::span<const std::byte>(envs->save_state()));
  digest.add(sampler.rng().position());
  for (std::span<const Rng> rngs : {collector.act_rngs(), collector.warmup_rngs()}) {
    for (const Rng& rng : rngs) digest.add(rng.position());
  }
  // Not before it is used: a fork that begins or ends with recorded data is in its parent's state.
  if (sampler.offline_rng().position() > 0) digest.add(sampler.offline_rng().position());
  add_noise_runs(digest, collector.noise_repetition());
  return digest.value();
}

// At the recent pace, with the pauses that are to come as long as the earlier ones were.
double Training::left_sec() const {
  if (schedule.warming_up()) return std::numeric_limits<double>::quiet_NaN();
  const std::int64_t step = schedule.step(), total = schedule.total_timesteps();
  if (step >= total) return 0.0;
  const auto pauses = [&](PauseKind kind, std::int64_t freq) {
    if (freq <= 0) return 0.0;
    return static_cast<double>(total / freq - step / freq) * clock.mean_pause_sec(kind);
  };
  return static_cast<double>(total - step) / clock.recent_steps_per_sec() +
         pauses(PauseKind::evaluation, config.eval_freq) + pauses(PauseKind::diagnosis, config.diag_freq) +
         pauses(PauseKind::checkpoint, config.checkpoint_freq);
}

TrainSummary Training::summary() const {
  TrainSummary s;
  s.step = schedule.step();
  s.total_timesteps = schedule.total_timesteps();
  s.num_updates = agent.num_updates();
  s.elapsed_sec = clock.elapsed_sec();
  s.steps_per_sec = clock.steps_per_sec(s.step);
  s.recent_steps_per_sec = clock.recent_steps_per_sec();
  s.left_sec = left_sec();
  statistics.fill(s);
  return s;
}

RunState Training::run_state() {
  RunState s;
  s.step = schedule.step();
  s.num_vector_steps = schedule.num_vector_steps();
  s.update_from = schedule.update_from();
  s.num_rollbacks = num_rollbacks;
  s.due = due;
  s.elapsed_sec = clock.elapsed_sec();
  s.agent = agent.counters();
  s.sample_position = sampler.rng().position();
  s.offline_position = sampler.offline_rng().position();
  s.act_positions = positions(collector.act_rngs());
  s.warmup_positions = positions(collector.warmup_rngs());
  s.noise_runs = collector.noise_repetition().runs();
  statistics.fill(s);
  s.envs_can_save_state = envs->can_save_state();
  s.mujoco_version = mujoco_version();
  s.softac_version = softac_version();
  return s;
}

void Training::set_run_state(const RunState& s, const std::string& source) {
  schedule.restore(s.step, s.num_vector_steps, s.update_from);
  clock.restore(s.step, s.elapsed_sec);
  num_rollbacks = s.num_rollbacks;
  due = s.due;
  agent.set_counters(s.agent);
  sampler.rng().set_position(s.sample_position);
  sampler.offline_rng().set_position(s.offline_position);
  set_positions(collector.act_rngs(), s.act_positions, source);
  set_positions(collector.warmup_rngs(), s.warmup_positions, source);
  set_noise_runs(collector.noise_repetition(), s.noise_runs, source);
  statistics.restore(s, envs->spec().id);
}

std::map<std::string, std::string> Training::model_metadata() const {
  return {{"env_id", config.env_id},
          {"step", std::to_string(schedule.step())},
          {"softac_version", softac_version()},
          {"mujoco_version", mujoco_version()}};
}

}  // namespace softac

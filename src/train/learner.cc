#include "softac/learner.h"

#include <algorithm>
#include <cmath>

#include "agent/copy_tensors.h"
#include "agent/noise_repetition.h"
#include "agent/setting_checks.h"
#include "base/digest.h"
#include "base/posix_file_system.h"
#include "diag/learner_probe.h"
#include "math/arena.h"
#include "replay/replay_buffer.h"
#include "run/checkpoint.h"
#include "run/update_means.h"
#include "softac/error.h"
#include "train/experience.h"
#include "train/learner_file.h"
#include "train/noise_runs.h"
#include "train/replay_file.h"
#include "train/sampler.h"

namespace softac {

namespace {

constexpr std::uint32_t kPredictStream = 1u << 31;  // beyond all streams
constexpr std::uint32_t kBesideStream = 1;          // of batches that are no updates'
constexpr int kMaxSampledRows = 65536;

// After acting on obs, whose first entry that is not finite is named.
void require_finite(bool finite, std::span<const float> obs) {
  if (finite) return;
  const auto bad = std::ranges::find_if(obs, [](float value) { return !std::isfinite(value); });
  if (bad == obs.end()) throw NumericsError("an action of the policy is not finite");
  throw NumericsError("an action of the policy is not finite: obs[" + std::to_string(bad - obs.begin()) + "] is " +
                      std::to_string(*bad));
}

void require_transition(const Transition& t, std::size_t obs_dim, std::size_t act_dim, const std::string& place) {
  SOFTAC_REQUIRE(t.obs.size() == obs_dim && t.action.size() == act_dim && t.next_obs.size() == obs_dim, t.obs.size(),
                 t.action.size(), t.next_obs.size());
  const auto refuse_unless_finite = [&](const char* name, std::span<const float> values) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (!std::isfinite(values[j]))
        throw EnvError(place + name + "[" + std::to_string(j) + "] is " + std::to_string(values[j]));
    }
  };
  refuse_unless_finite("obs", t.obs);
  refuse_unless_finite("action", t.action);
  refuse_unless_finite("reward", std::span(&t.reward, 1));
  refuse_unless_finite("next_obs", t.next_obs);
}

void require_sizes(const TransitionRows& rows, std::size_t n, std::size_t obs_dim, std::size_t act_dim) {
  SOFTAC_REQUIRE(rows.obs.size() == n * obs_dim && rows.next_obs.size() == n * obs_dim, rows.obs.size(),
                 rows.next_obs.size(), n, obs_dim);
  SOFTAC_REQUIRE(rows.actions.size() == n * act_dim, rows.actions.size(), n, act_dim);
  SOFTAC_REQUIRE(rows.reward.size() == n && rows.terminated.size() == n && rows.truncated.size() == n,
                 rows.reward.size(), rows.terminated.size(), rows.truncated.size(), n);
}

Transition row_of(const TransitionRows& rows, std::size_t i, std::size_t obs_dim, std::size_t act_dim) {
  return {rows.obs.subspan(i * obs_dim, obs_dim),
          rows.actions.subspan(i * act_dim, act_dim),
          rows.reward[i],
          rows.next_obs.subspan(i * obs_dim, obs_dim),
          rows.terminated[i] != 0,
          rows.truncated[i] != 0};
}

SacConfig with_streams(SacConfig config, int num_streams) {
  config.num_streams = num_streams;
  return config;
}

}  // namespace

struct Learner::Impl {
  Impl(int obs_dim, int act_dim, const SacConfig& config, const LearnerOptions& the_options)
      : options(the_options),
        agent(obs_dim, act_dim, with_streams(config, options.num_streams), options.seed, options.threads,
              options.backend),
        replay({obs_dim, act_dim, options.num_streams, options.buffer_size, config.n_steps, config.gamma}),
        experience(replay),
        sampler(replay, options.seed),
        predict_rng(options.seed, StreamKind::act, kPredictStream),
        beside_rng(options.seed, StreamKind::sample, kBesideStream),
        repetition(config, options.seed, static_cast<std::size_t>(options.num_streams)) {
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(options.num_streams); ++i) {
      act_rngs.emplace_back(options.seed, StreamKind::act, i);
      warmup_rngs.emplace_back(options.seed, StreamKind::warmup, i);
    }
  }

  std::size_t checked(int stream) const {
    SOFTAC_REQUIRE(stream >= 0 && static_cast<std::size_t>(stream) < act_rngs.size(), stream, act_rngs.size());
    return stream;
  }
  std::size_t num_streams() const { return act_rngs.size(); }
  std::size_t obs_dim() const { return agent.obs_dim(); }
  std::size_t act_dim() const { return agent.act_dim(); }

  void require_mask(std::span<const std::uint8_t> mask) const {
    SOFTAC_REQUIRE(mask.empty() || mask.size() == num_streams(), mask.size(), num_streams());
  }
  void act_masked(std::span<const float> obs, std::span<float> actions, bool deterministic,
                  std::span<const std::uint8_t> mask);
  void random_action(std::size_t stream, std::span<float> action);
  void observe(std::size_t stream, const Transition& t);
  LearnerRecord record();
  std::vector<TensorRef> tensors();

  LearnerOptions options;
  SacAgent agent;
  ReplayBuffer replay;
  Experience experience;
  Sampler sampler;
  Rng predict_rng, beside_rng;
  NoiseRepetition repetition;
  std::vector<Rng> act_rngs, warmup_rngs;         // (N)
  std::vector<float> chosen_obs, chosen_actions;  // of the rows that a mask leaves
  std::vector<Rng> chosen_rngs;
  std::unique_ptr<LearnerProbe> probe;  // made when first asked for
};

Learner::Learner(int obs_dim, int act_dim, const SacConfig& config, const LearnerOptions& options) {
  SettingChecks checks;
  check_agent(config, obs_dim, act_dim, options.threads, options.backend, checks);
  checks.range("buffer_size", static_cast<double>(options.buffer_size), 1, 1e15);
  checks.range("num_streams", options.num_streams, 1, 65536);
  checks.rule(options.buffer_size / std::max(options.num_streams, 1) > config.n_steps,
              {"buffer_size", "num_streams", "n_steps"},
              std::to_string(options.buffer_size) +
                  ": must hold more than n_steps = " + std::to_string(config.n_steps) +
                  " steps of each of num_streams = " + std::to_string(options.num_streams) + " streams");
  refuse(checks.take());
  impl_ = std::make_unique<Impl>(obs_dim, act_dim, config, options);
}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

std::int64_t Learner::num_transitions() const {
  return impl_->replay.num_transitions();
}
SacAgent& Learner::agent() {
  return impl_->agent;
}

const LearnerOptions& Learner::options() const {
  return impl_->options;
}

void Learner::act(std::span<const float> obs, std::span<float> action, bool deterministic, int stream) {
  const std::size_t i = impl_->checked(stream);
  if (!deterministic) impl_->repetition.prepare(i, impl_->act_rngs[i]);
  require_finite(impl_->agent.act(obs, 1, deterministic, std::span(impl_->act_rngs).subspan(i, 1), action), obs);
}

void Learner::act_all(std::span<const float> obs, std::span<float> actions, bool deterministic,
                      std::span<const std::uint8_t> mask) {
  Impl& t = *impl_;
  t.require_mask(mask);
  if (!mask.empty()) return t.act_masked(obs, actions, deterministic, mask);
  for (std::size_t i = 0; !deterministic && i < t.num_streams(); ++i) t.repetition.prepare(i, t.act_rngs[i]);
  require_finite(t.agent.act(obs, static_cast<int>(t.num_streams()), deterministic, t.act_rngs, actions), obs);
}

void Learner::Impl::act_masked(std::span<const float> obs, std::span<float> actions, bool deterministic,
                               std::span<const std::uint8_t> mask) {
  const std::size_t n = num_streams(), o = obs_dim(), a = act_dim();
  SOFTAC_REQUIRE(obs.size() == n * o && actions.size() == n * a, obs.size(), actions.size(), n);
  chosen_obs.clear();
  chosen_rngs.clear();
  for (std::size_t i = 0; i < n; ++i) {
    if (mask[i] == 0) continue;
    if (!deterministic) repetition.prepare(i, act_rngs[i]);
    chosen_obs.insert(chosen_obs.end(), obs.begin() + i * o, obs.begin() + (i + 1) * o);
    chosen_rngs.push_back(act_rngs[i]);
  }
  if (chosen_rngs.empty()) return;
  chosen_actions.resize(chosen_rngs.size() * a);
  const int rows = static_cast<int>(chosen_rngs.size());
  require_finite(agent.act(chosen_obs, rows, deterministic, chosen_rngs, chosen_actions), chosen_obs);
  for (std::size_t i = 0, row = 0; i < n; ++i) {
    if (mask[i] == 0) continue;
    std::copy_n(chosen_actions.begin() + row * a, a, actions.begin() + i * a);
    act_rngs[i] = chosen_rngs[row++];
  }
}

void Learner::predict(std::span<const float> obs, int rows, bool deterministic, std::span<float> actions) {
  require_finite(impl_->agent.act(obs, rows, deterministic, impl_->predict_rng, actions), obs);
}

void Learner::Impl::random_action(std::size_t stream, std::span<float> action) {
  for (float& a : action) a = static_cast<float>(warmup_rngs[stream].uniform(-1.0, 1.0));
}

void Learner::random_action(std::span<float> action, int stream) {
  const std::size_t i = impl_->checked(stream);
  SOFTAC_REQUIRE(action.size() == impl_->act_dim(), action.size(), impl_->act_dim());
  impl_->random_action(i, action);
}

void Learner::random_actions(std::span<float> actions, std::span<const std::uint8_t> mask) {
  Impl& t = *impl_;
  t.require_mask(mask);
  SOFTAC_REQUIRE(actions.size() == t.num_streams() * t.act_dim(), actions.size(), t.num_streams(), t.act_dim());
  for (std::size_t i = 0; i < t.num_streams(); ++i) {
    if (mask.empty() || mask[i] != 0) t.random_action(i, actions.subspan(i * t.act_dim(), t.act_dim()));
  }
}

void Learner::observe(const Transition& t, int stream) {
  const std::size_t i = impl_->checked(stream);
  require_transition(t, impl_->obs_dim(), impl_->act_dim(), "");
  impl_->observe(i, t);
}

void Learner::Impl::observe(std::size_t stream, const Transition& t) {
  const int i = static_cast<int>(stream);
  if (!experience.add(i, t)) agent.end_return(i);
  agent.observe(t.obs, 1);
  agent.observe_reward(i, t.reward, t.terminated || t.truncated);
}

void Learner::observe_all(const TransitionRows& rows, std::span<const std::uint8_t> mask) {
  Impl& t = *impl_;
  const std::size_t n = t.num_streams();
  t.require_mask(mask);
  require_sizes(rows, n, t.obs_dim(), t.act_dim());
  const auto stored = [&](std::size_t i) { return mask.empty() || mask[i] != 0; };
  for (std::size_t i = 0; i < n; ++i) {
    if (stored(i)) {
      require_transition(row_of(rows, i, t.obs_dim(), t.act_dim()), t.obs_dim(), t.act_dim(),
                         "stream " + std::to_string(i) + ": ");
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (stored(i)) t.observe(i, row_of(rows, i, t.obs_dim(), t.act_dim()));
  }
}

UpdateMetrics Learner::update() {
  impl_->sampler.fill(impl_->agent.batch());
  const UpdateMetrics metrics = impl_->agent.update();
  if (!metrics.finite) {
    throw NumericsError("update " + std::to_string(impl_->agent.num_updates()) +
                        ": a loss, gradient or parameter is not finite");
  }
  return metrics;
}

UpdateMetrics Learner::update(int count, const std::function<bool()>& go_on) {
  SOFTAC_REQUIRE(count >= 1, count);
  if (count == 1) return update();
  UpdateMeans means;
  UpdateMetrics last;
  int bound = 0;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && go_on && !go_on()) break;
    last = update();
    means.add(last);
    if (last.ent_coef_bound != 0) bound = last.ent_coef_bound;
  }
  const UpdateRow row = means.take();
  UpdateMetrics out = row.mean;
  out.learning_rate = last.learning_rate;
  out.actor_step = row.actor_updated;
  out.ent_coef_bound = bound;
  return out;
}

void Learner::end_episode(int stream) {
  const int i = static_cast<int>(impl_->checked(stream));
  impl_->replay.end_episode(i);
  impl_->agent.end_return(i);
}

void Learner::clear_replay() {
  impl_->replay.clear();
}

StoredTransitions Learner::stored_transitions() const {
  const ReplayBuffer& replay = impl_->replay;
  StoredTransitions out;
  const auto append = [](std::vector<float>& to, std::span<const float> values) {
    to.insert(to.end(), values.begin(), values.end());
  };
  for (int env = 0; env < replay.shape().num_envs; ++env) {
    const ReplayBuffer::Ring& ring = replay.ring(env);
    for (std::int64_t number = ring.total - ring.size; number < ring.total; ++number) {
      const auto t = replay.transition(env, number);
      if (!t) continue;
      out.stream.push_back(env);
      append(out.obs, t->obs);
      append(out.actions, t->action);
      out.reward.push_back(t->reward);
      append(out.next_obs, t->next_obs);
      out.terminated.push_back(t->terminated ? 1 : 0);
      out.truncated.push_back(t->truncated ? 1 : 0);
    }
  }
  return out;
}

void Learner::extend_replay(const StoredTransitions& rows) {
  Impl& t = *impl_;
  const std::size_t n = rows.stream.size();
  const TransitionRows views{rows.obs, rows.actions, rows.reward, rows.next_obs, rows.terminated, rows.truncated};
  require_sizes(views, n, t.obs_dim(), t.act_dim());
  for (std::size_t i = 0; i < n; ++i) {
    t.checked(rows.stream[i]);
    require_transition(row_of(views, i, t.obs_dim(), t.act_dim()), t.obs_dim(), t.act_dim(),
                       "transition " + std::to_string(i) + ": ");
  }
  for (std::size_t i = 0; i < n; ++i) t.experience.add(rows.stream[i], row_of(views, i, t.obs_dim(), t.act_dim()));
}

SampledBatch Learner::sample(int rows) {
  Impl& t = *impl_;
  SOFTAC_REQUIRE(rows >= 1 && rows <= kMaxSampledRows && !t.sampler.empty(), rows, num_transitions());
  const int obs_dim = t.agent.obs_dim(), act_dim = t.agent.act_dim();
  const std::size_t n = rows;
  Arena arena;
  const BatchView<float> batch{arena.panels<float>(2 * rows, obs_dim + act_dim),
                               arena.take<float>(n),
                               arena.take<float>(n),
                               rows,
                               obs_dim,
                               act_dim};
  t.sampler.fill(batch, t.beside_rng);
  SampledBatch out;
  const auto copy = [&](std::vector<float>& to, int first_row, int first_column, int columns) {
    for (int r = first_row; r < first_row + rows; ++r) {
      for (int c = first_column; c < first_column + columns; ++c) to.push_back(batch.x.at(r, c));
    }
  };
  copy(out.obs, 0, 0, obs_dim);
  copy(out.actions, 0, obs_dim, act_dim);
  copy(out.next_obs, rows, 0, obs_dim);
  out.reward.assign(batch.reward, batch.reward + n);
  out.discount.assign(batch.discount, batch.discount + n);
  return out;
}

void Learner::set_batch_normalisation(std::optional<BatchNormalisation> normalisation) {
  impl_->sampler.set_normalisation(std::move(normalisation));
}

std::vector<DiagnosticValue> Learner::diagnose(std::int64_t number) {
  Impl& t = *impl_;
  SOFTAC_REQUIRE(number >= 0, number);
  SOFTAC_REQUIRE(!t.sampler.empty());
  if (!t.probe) {
    t.probe =
        std::make_unique<LearnerProbe>(t.agent.obs_dim(), t.agent.act_dim(), t.agent.config(), t.agent.backend_name());
  }
  t.probe->copy(t.agent.model_tensors());
  Rng rng = diagnostic_rng(t.options.seed, DiagnosticStream::batch, number);
  t.sampler.fill(t.probe->batch(), rng);
  std::vector<DiagnosticValue> out;
  t.probe->measure(t.options.seed, number, out);
  return out;
}

std::vector<TensorRef> Learner::Impl::tensors() {
  std::vector<TensorRef> all = agent.model_tensors();
  for (TensorRef& tensor : agent.optimizer_tensors()) all.push_back(std::move(tensor));
  return all;
}

LearnerRecord Learner::Impl::record() {
  LearnerRecord r;
  r.obs_dim = agent.obs_dim();
  r.act_dim = agent.act_dim();
  r.config = agent.config();
  r.options = options;
  r.counters = agent.counters();
  r.sample_position = sampler.rng().position();
  r.predict_position = predict_rng.position();
  for (const Rng& rng : act_rngs) r.act_positions.push_back(rng.position());
  for (const Rng& rng : warmup_rngs) r.warmup_positions.push_back(rng.position());
  r.noise_runs = repetition.runs();
  return r;
}

Learner Learner::clone() {
  Impl& from = *impl_;
  Learner out(from.agent.obs_dim(), from.agent.act_dim(), from.agent.config(), from.options);
  Impl& to = *out.impl_;
  copy_tensors(from.tensors(), to.tensors());
  to.agent.set_counters(from.agent.counters());
  to.sampler.rng() = from.sampler.rng();
  to.sampler.set_normalisation(from.sampler.normalisation());
  to.predict_rng = from.predict_rng;
  to.beside_rng = from.beside_rng;
  to.act_rngs = from.act_rngs;
  to.warmup_rngs = from.warmup_rngs;
  to.repetition = from.repetition;
  to.replay.copy(from.replay);
  return out;
}

void Learner::save(const std::string& path) {
  const std::vector<TensorRef> tensors = impl_->tensors();
  write_safetensors(posix_file_system(), path, save_tensors(tensors, learner_metadata(impl_->record())));
}

Learner Learner::load(const std::string& path, int threads, const std::string& backend) {
  const TensorFile file = read_safetensors(posix_file_system(), path, kMaxModelBytes);
  LearnerRecord r = parse_learner_metadata(file.metadata, path);
  r.options.threads = threads;
  r.options.backend = backend;
  const std::size_t streams = r.options.num_streams;
  if (r.act_positions.size() != streams || r.warmup_positions.size() != streams)
    throw IoError(path + ": generators of another number of streams than " + std::to_string(streams));
  std::optional<Learner> out;
  try {
    out.emplace(r.obs_dim, r.act_dim, r.config, r.options);
  } catch (const ConfigError& error) {
    throw IoError(path + ": " + error.what());
  }
  Impl& t = *out->impl_;
  load_tensors(t.tensors(), file, path);
  t.agent.set_counters(r.counters);
  t.sampler.rng().set_position(r.sample_position);
  t.predict_rng.set_position(r.predict_position);
  for (std::size_t i = 0; i < streams; ++i) {
    t.act_rngs[i].set_position(r.act_positions[i]);
    t.warmup_rngs[i].set_position(r.warmup_positions[i]);
  }
  set_noise_runs(t.repetition, r.noise_runs, path);
  return std::move(*out);
}

void Learner::save_replay(const std::string& path) {
  write_replay_file(posix_file_system(), path, impl_->replay);
}

void Learner::load_replay(const std::string& path) {
  read_replay_file(posix_file_system(), path, impl_->replay);
}

std::uint64_t Learner::state_hash() {
  Digest digest;
  digest.add(impl_->agent.state_hash());
  digest.add(impl_->replay.digest());
  digest.add(impl_->sampler.rng().position());
  for (const Rng& rng : impl_->act_rngs) digest.add(rng.position());
  for (const Rng& rng : impl_->warmup_rngs) digest.add(rng.position());
  add_noise_runs(digest, impl_->repetition);
  return digest.value();
}

}  // namespace softac

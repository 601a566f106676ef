// SacAgent: the float learner behind the public interface.
#include "softac/agent.h"

#include <limits>
#include <optional>

#include "agent/acting.h"
#include "agent/critic_reader.h"
#include "agent/describe.h"
#include "agent/setting_checks.h"
#include "agent/update.h"
#include "base/discrete_action.h"
#include "base/memory_limit.h"
#include "base/text.h"
#include "policy/log_density.h"
#include "softac/error.h"

namespace softac {

namespace {
constexpr int kMaxActRows = 65536;
constexpr std::int64_t kMaxUpdates = std::int64_t{1} << 53;
}  // namespace

struct SacAgent::Impl {
  Impl(int num_obs, int num_act, const SacConfig& config, std::uint64_t seed, int threads, const std::string& backend)
      : obs_dim(num_obs),
        act_dim(num_act),
        update(num_obs, num_act, config, seed, threads, backend),
        acting(update.state(), update.objective(), update.backend(), num_obs, num_act) {}

  bool act(std::span<const float> obs, int rows, const RowNoise& noise, std::span<float> actions);
  CriticReader<float>& critic_reader();

  int obs_dim, act_dim;
  SacUpdate<float> update;
  Acting<float> acting;
  std::optional<CriticReader<float>> reader;  // made when first asked for
};

namespace {
// Asks the system only about learners of more than 256 MiB.
void require_memory(double bytes) {
  if (bytes < 0x1p28) return;
  const std::uint64_t available = available_memory();
  if (bytes > static_cast<double>(available)) {
    throw MemoryError("a learner of these settings needs about " + bytes_text(static_cast<std::uint64_t>(bytes)) +
                      " of memory, " + bytes_text(available) + " are available; make batch_size or net_arch smaller");
  }
}
}  // namespace

SacAgent::SacAgent(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads,
                   const std::string& backend) {
  SettingChecks checks;
  check_agent(config, obs_dim, act_dim, threads, backend, checks);
  refuse(checks.take());
  require_memory(learner_bytes(config, obs_dim, act_dim, threads));
  impl_ = std::make_unique<Impl>(obs_dim, act_dim, config, seed, threads, backend);
}
SacAgent::~SacAgent() = default;
SacAgent::SacAgent(SacAgent&&) noexcept = default;
SacAgent& SacAgent::operator=(SacAgent&&) noexcept = default;

int SacAgent::obs_dim() const {
  return impl_->obs_dim;
}
int SacAgent::act_dim() const {
  return impl_->act_dim;
}
const SacConfig& SacAgent::config() const {
  return impl_->update.config();
}
std::string SacAgent::backend_name() const {
  return impl_->update.backend().name();
}
int SacAgent::num_threads() const {
  return impl_->update.backend().num_threads();
}
BatchView<float> SacAgent::batch() {
  return impl_->update.batch();
}
UpdateMetrics SacAgent::update() {
  return impl_->update.run();
}
std::int64_t SacAgent::num_updates() const {
  return impl_->update.state().num_updates;
}
double SacAgent::ent_coef() const {
  return static_cast<double>(impl_->update.alpha());
}
double SacAgent::target_entropy() const {
  return impl_->update.target_entropy();
}

void SacAgent::observe(std::span<const float> obs, int rows) {
  const std::size_t obs_dim = impl_->obs_dim;
  SOFTAC_REQUIRE(rows >= 0 && obs.size() == rows * obs_dim, rows, obs.size());
  auto& norm = impl_->update.state().obs_norm;
  for (std::size_t r = 0; norm && r < static_cast<std::size_t>(rows); ++r)
    norm->observe(obs.subspan(r * obs_dim, obs_dim));
}

void SacAgent::observe_reward(int stream, float reward, bool done) {
  auto& norm = impl_->update.state().reward_norm;
  if (!norm) return;
  SOFTAC_REQUIRE(stream >= 0 && stream < config().num_streams, stream, config().num_streams);
  norm->observe(stream, static_cast<double>(reward), done);
}

void SacAgent::end_return(int stream) {
  auto& norm = impl_->update.state().reward_norm;
  if (!norm) return;
  SOFTAC_REQUIRE(stream >= 0 && stream < config().num_streams, stream, config().num_streams);
  norm->end_episode(stream);
}

double SacAgent::reward_unit() const {
  return impl_->update.state().reward_unit();
}

bool SacAgent::Impl::act(std::span<const float> obs, int rows, const RowNoise& noise, std::span<float> actions) {
  SOFTAC_REQUIRE(rows >= 1 && rows <= kMaxActRows, rows);
  const std::size_t count = rows;
  SOFTAC_REQUIRE(obs.size() == count * obs_dim && actions.size() == count * act_dim, rows, obs.size(), actions.size());
  acting.sample(obs, rows, noise, update.alpha());
  return acting.choose(rows, noise, actions);
}

bool SacAgent::act(std::span<const float> obs, int rows, bool deterministic, std::span<Rng> noise,
                   std::span<float> actions) {
  SOFTAC_REQUIRE(deterministic || noise.size() == static_cast<std::size_t>(rows), noise.size(), rows);
  return impl_->act(obs, rows, deterministic ? RowNoise{} : RowNoise::one_each(noise), actions);
}

bool SacAgent::act(std::span<const float> obs, int rows, bool deterministic, Rng& noise, std::span<float> actions) {
  return impl_->act(obs, rows, deterministic ? RowNoise{} : RowNoise::shared(noise), actions);
}

CriticReader<float>& SacAgent::Impl::critic_reader() {
  if (!reader) {
    reader.emplace(update.state(), update.objective(), update.backend(), obs_dim, act_dim, update.config().num_actions);
  }
  return *reader;
}

void SacAgent::q_values(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
                        std::span<float> out) {
  const std::size_t count = rows, critics = config().n_critics;
  SOFTAC_REQUIRE(rows >= 1, rows);
  SOFTAC_REQUIRE(
      obs.size() == count * impl_->obs_dim && actions.size() == count * impl_->act_dim && out.size() == critics * count,
      rows, obs.size(), actions.size(), out.size());
  impl_->critic_reader().all(obs, actions, rows, target, out);
  const double unit = reward_unit();
  for (float& q : out) q = static_cast<float>(static_cast<double>(q) * unit);
}

void SacAgent::log_prob(std::span<const float> obs, std::span<const float> actions, int rows, std::span<double> out) {
  const std::size_t count = rows, act_dim = impl_->act_dim;
  SOFTAC_REQUIRE(rows >= 1 && rows <= kMaxActRows, rows);
  SOFTAC_REQUIRE(obs.size() == count * impl_->obs_dim && actions.size() == count * act_dim && out.size() == count, rows,
                 obs.size(), actions.size(), out.size());
  impl_->acting.sample(obs, rows, {}, impl_->update.alpha());
  const Policy<float>& policy = *impl_->update.state().policy;
  const WeightedActions<float>& samples = impl_->acting.samples();
  const bool squash = config().policy == PolicyKind::squashed_gaussian;
  for (int r = 0; r < rows; ++r) {
    const auto action = actions.subspan(r * act_dim, act_dim);
    if (policy.continuous()) {
      out[r] = log_density(policy.parameters(samples, r), action, squash);
    } else {
      const int chosen = decode_discrete_action(static_cast<double>(action[0]), config().num_actions);
      out[r] = static_cast<double>(samples.log_pi[samples.at(r, chosen)]);
    }
  }
}

void SacAgent::set_learning_rates(double actor, double critic, double ent_coef) {
  SettingChecks checks;
  checks.rule(config().learning_rate_schedule == LearningRateSchedule::constant, {"learning_rate_schedule"},
              "sets the learning rates itself; they can be set where it is constant");
  for (const double rate : {actor, critic, ent_coef})
    checks.range("learning_rate", rate, 0.0, std::numeric_limits<double>::infinity());
  refuse(checks.take());
  impl_->update.set_learning_rates(actor, critic, ent_coef);
}

std::vector<TensorRef> SacAgent::model_tensors() {
  std::vector<TensorRef> tensors = impl_->update.state().model_tensors();
  // Values written through a TensorRef make derived data stale.
  for (TensorRef& tensor : tensors) {
    if (tensor.is_double()) continue;  // nothing but the statistics themselves depends on them
    tensor.write = [write = tensor.write, update = &impl_->update](std::span<const float> values) {
      write(values);
      update->parameters_changed();
    };
  }
  return tensors;
}
std::vector<TensorRef> SacAgent::optimizer_tensors() {
  return impl_->update.state().optimizer_tensors();
}

SacAgent::Counters SacAgent::counters() const {
  const LearnerState<float>& state = impl_->update.state();
  return {state.num_updates, state.num_actor_updates, state.draws_noise ? state.noise.position() : 0};
}

void SacAgent::set_counters(const Counters& counters) {
  SOFTAC_REQUIRE(counters.num_actor_updates >= 0 && counters.num_updates >= counters.num_actor_updates &&
                     counters.num_updates <= kMaxUpdates,
                 counters.num_updates, counters.num_actor_updates);
  LearnerState<float>& state = impl_->update.state();
  state.num_updates = counters.num_updates;
  state.num_actor_updates = counters.num_actor_updates;
  state.noise.set_position(counters.update_rng_position);
}

std::uint64_t SacAgent::state_hash() {
  return impl_->update.state().hash();
}

PolicyParameters SacAgent::policy_at(std::span<const float> obs) {
  const Policy<float>& policy = *impl_->update.state().policy;
  SOFTAC_REQUIRE(policy.continuous() && obs.size() == static_cast<std::size_t>(impl_->obs_dim), obs.size());
  impl_->acting.sample(obs, 1, {}, impl_->update.alpha());
  return policy.parameters(impl_->acting.samples(), 0);
}

void SacAgent::action_probabilities(std::span<const float> obs, int rows, std::span<float> out) {
  SOFTAC_REQUIRE(config().num_actions > 0, config().num_actions);
  SOFTAC_REQUIRE(rows >= 1 && rows <= kMaxActRows, rows);
  const std::size_t count = rows, actions = config().num_actions;
  SOFTAC_REQUIRE(obs.size() == count * impl_->obs_dim && out.size() == count * actions, rows, obs.size(), out.size());
  impl_->acting.sample(obs, rows, {}, impl_->update.alpha());
  const WeightedActions<float>& samples = impl_->acting.samples();
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t a = 0; a < actions; ++a)
      out[r * actions + a] = samples.weight[samples.at(static_cast<int>(r), static_cast<int>(a))];
  }
}

PolicyDescription SacAgent::describe() {
  SacUpdate<float>& update = impl_->update;
  return describe_policy(update.state(), update.objective(), update.alpha(), impl_->obs_dim);
}

}  // namespace softac

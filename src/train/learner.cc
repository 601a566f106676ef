#include "softac/learner.h"

#include <algorithm>
#include <cmath>

#include "agent/setting_checks.h"
#include "base/digest.h"
#include "replay/replay_buffer.h"
#include "softac/error.h"
#include "train/experience.h"
#include "train/sampler.h"

namespace softac {

struct Learner::Impl {
  Impl(int obs_dim, int act_dim, const SacConfig& config, const LearnerOptions& options)
      : agent(obs_dim, act_dim, config, options.seed, options.threads, options.backend),
        replay({obs_dim, act_dim, options.num_streams, options.buffer_size, config.n_steps, config.gamma}),
        experience(replay),
        sampler(replay, options.seed) {
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(options.num_streams); ++i) {
      act_rngs.emplace_back(options.seed, StreamKind::act, i);
      warmup_rngs.emplace_back(options.seed, StreamKind::warmup, i);
    }
  }

  std::size_t checked(int stream) const {
    SOFTAC_REQUIRE(stream >= 0 && static_cast<std::size_t>(stream) < act_rngs.size(), stream, act_rngs.size());
    return stream;
  }

  SacAgent agent;
  ReplayBuffer replay;
  Experience experience;
  Sampler sampler;
  std::vector<Rng> act_rngs, warmup_rngs;
};

Learner::Learner(int obs_dim, int act_dim, const SacConfig& config, const LearnerOptions& options) {
  SettingChecks checks;
  check_agent(config, obs_dim, act_dim, options.threads, options.backend, checks);
  checks.range("buffer_size", static_cast<double>(options.buffer_size), 1, 1e15);
  checks.range("num_streams", options.num_streams, 1, 65536);
  checks.rule(
      config.batch_size <= options.buffer_size, {"batch_size", "buffer_size"},
      std::to_string(config.batch_size) + ": must be at most buffer_size = " + std::to_string(options.buffer_size));
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

void Learner::act(std::span<const float> obs, std::span<float> action, bool deterministic, int stream) {
  const std::size_t i = impl_->checked(stream);
  if (!impl_->agent.act(obs, 1, deterministic, std::span(impl_->act_rngs).subspan(i, 1), action)) {
    throw NumericsError("an action of the policy is not finite");
  }
}

void Learner::random_action(std::span<float> action, int stream) {
  Rng& rng = impl_->warmup_rngs[impl_->checked(stream)];
  SOFTAC_REQUIRE(static_cast<int>(action.size()) == impl_->agent.act_dim(), action.size(), impl_->agent.act_dim());
  for (float& a : action) a = static_cast<float>(rng.uniform(-1.0, 1.0));
}

void Learner::observe(const Transition& t, int stream) {
  const std::size_t i = impl_->checked(stream);
  const auto refuse_unless_finite = [](const char* name, std::span<const float> values) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (!std::isfinite(values[j])) {
        throw EnvError(std::string(name) + "[" + std::to_string(j) + "] is " + std::to_string(values[j]));
      }
    }
  };
  const std::size_t obs_dim = impl_->agent.obs_dim();
  const std::size_t act_dim = impl_->agent.act_dim();
  SOFTAC_REQUIRE(t.obs.size() == obs_dim && t.action.size() == act_dim && t.next_obs.size() == obs_dim, t.obs.size(),
                 t.action.size(), t.next_obs.size());
  refuse_unless_finite("obs", t.obs);
  refuse_unless_finite("action", t.action);
  refuse_unless_finite("reward", std::span(&t.reward, 1));
  refuse_unless_finite("next_obs", t.next_obs);
  impl_->experience.add(static_cast<int>(i), t);
  impl_->agent.observe(t.obs, 1);
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

std::uint64_t Learner::state_hash() {
  Digest digest;
  digest.add(impl_->agent.state_hash());
  digest.add(impl_->replay.digest());
  digest.add(impl_->sampler.rng().position());
  for (const Rng& rng : impl_->act_rngs) digest.add(rng.position());
  for (const Rng& rng : impl_->warmup_rngs) digest.add(rng.position());
  return digest.value();
}

}  // namespace softac

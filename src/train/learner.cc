#include "softac/learner.h"

#include <algorithm>
#include <cmath>

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
    return static_cast<std::size_t>(stream);
  }

  SacAgent agent;
  ReplayBuffer replay;
  Experience experience;
  Sampler sampler;
  std::vector<Rng> act_rngs, warmup_rngs;
};

Learner::Learner(int obs_dim, int act_dim, const SacConfig& config, const LearnerOptions& options) {
  SOFTAC_REQUIRE(options.num_streams > 0, options.num_streams);
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

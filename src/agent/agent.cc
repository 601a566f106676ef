// SacAgent: the float learner behind the public interface, continuous or discrete, and acting.
#include "softac/agent.h"

#include <algorithm>
#include <cmath>

#include "agent/discrete_sac.h"
#include "agent/sac.h"
#include "softac/error.h"

namespace softac {

namespace {
constexpr int kActBlock = 32;  // rows that act on one thread
}

struct SacAgent::Impl {
  Impl(int num_obs, int num_act, const SacConfig& config, std::uint64_t seed, int threads, const std::string& backend)
      : obs_dim(num_obs), act_dim(num_act) {
    if (config.num_actions > 0) {
      SOFTAC_REQUIRE(num_act == 1, num_act);
      discrete = std::make_unique<DiscreteSac<float>>(num_obs, config, seed, threads, backend);
    } else if (config.discrete_policy != DiscretePolicy::softmax) {
      throw ConfigError("discrete_policy: the environment's actions are continuous; leave it at \"softmax\"");
    } else {
      sac = std::make_unique<Sac<float>>(num_obs, num_act, config, seed, threads, backend);
    }
  }
  // f(the learner), whichever it is.
  template <class F>
  auto visit(F f) {
    return discrete ? f(*discrete) : f(*sac);
  }

  // Buffers for acting on up to `rows` rows; grows, never shrinks.
  struct ActBuffers {
    ActBuffers(const Actor<float>& actor, int obs_dim, int count)
        : rows(count),
          x(arena.panels<float>(count, obs_dim)),
          tape(actor.net().make_tape(arena, count)),
          samples(actor.make_samples(arena, count)) {}
    // The component whose sample row r takes: drawn by the weights, or the most probable one.
    int chosen_part(int r, bool deterministic, std::span<Rng> noise) const {
      if (samples.components == 1) return 0;
      if (deterministic) return most_probable_component(samples.weight + r, samples.rows, samples.components);
      return component_at(samples.weight + r, samples.rows, samples.components,
                          noise[static_cast<std::size_t>(r)].uniform());
    }
    int rows;
    Arena arena;
    Panels<float> x;
    MlpTape<float> tape;
    PolicySamples<float> samples;
  };

  int obs_dim, act_dim;
  std::unique_ptr<Sac<float>> sac;  // one of these two
  std::unique_ptr<DiscreteSac<float>> discrete;
  std::unique_ptr<ActBuffers> act;
};

SacAgent::SacAgent(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads,
                   const std::string& backend) {
  SOFTAC_REQUIRE(obs_dim > 0 && act_dim > 0 && act_dim <= 500, obs_dim, act_dim);
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
  return impl_->discrete ? impl_->discrete->config() : impl_->sac->config();
}
std::string SacAgent::backend_name() const {
  return impl_->visit([](auto& sac) { return std::string(sac.backend().name()); });
}
BatchView<float> SacAgent::batch() {
  return impl_->visit([](auto& sac) { return sac.batch(); });
}
UpdateMetrics SacAgent::update() {
  return impl_->visit([](auto& sac) { return sac.update(); });
}
std::int64_t SacAgent::num_updates() const {
  return impl_->visit([](auto& sac) { return sac.state().num_updates; });
}
double SacAgent::ent_coef() const {
  return impl_->visit([](auto& sac) { return static_cast<double>(sac.alpha()); });
}

double SacAgent::target_entropy() const {
  if (impl_->discrete) return impl_->discrete->target_entropy();
  return config().target_entropy_auto ? -static_cast<double>(impl_->act_dim) : config().target_entropy;
}

bool SacAgent::act(std::span<const float> obs, int rows, bool deterministic, std::span<Rng> noise,
                   std::span<float> actions) {
  const auto obs_dim = static_cast<std::size_t>(impl_->obs_dim), act_dim = static_cast<std::size_t>(impl_->act_dim);
  const auto count = static_cast<std::size_t>(rows);
  SOFTAC_REQUIRE(obs.size() == count * obs_dim && actions.size() == count * act_dim, rows, obs.size(), actions.size());
  SOFTAC_REQUIRE(deterministic || noise.size() == count, noise.size(), rows);
  if (impl_->discrete) return impl_->discrete->act(obs, rows, deterministic, noise, actions);
  SacState<float>& state = impl_->sac->state();
  if (!impl_->act || impl_->act->rows < rows)
    impl_->act = std::make_unique<Impl::ActBuffers>(state.actor_net, impl_->obs_dim, rows);
  Impl::ActBuffers& buffers = *impl_->act;

  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < impl_->obs_dim; ++c)
      buffers.x.at(r, c) = obs[static_cast<std::size_t>(r) * obs_dim + static_cast<std::size_t>(c)];
    for (std::size_t k = 0; k < act_dim; ++k) {
      const float eps = deterministic ? 0.0f : static_cast<float>(noise[static_cast<std::size_t>(r)].normal());
      for (int part = 0; part < buffers.samples.components; ++part)
        buffers.samples.eps[static_cast<std::size_t>(buffers.samples.at(r, part)) * act_dim + k] = eps;
    }
  }
  Backend<float>& backend = impl_->sac->backend();
  backend.for_blocks(rows, kActBlock, state.actor_net.net().cost_per_row(), [&](int, int first, int n) {
    state.actor_net.forward(backend.kernels(), state.actor.value, buffers.x.rows_from(first, n), buffers.tape, first,
                            buffers.samples, first);
  });
  bool finite = true;
  for (int r = 0; r < rows; ++r) {
    const float* action = buffers.samples.action_row(r, buffers.chosen_part(r, deterministic, noise));
    for (std::size_t k = 0; k < act_dim; ++k) {
      actions[static_cast<std::size_t>(r) * act_dim + k] = action[k];
      finite = finite && std::isfinite(action[k]);
    }
  }
  return finite;
}

namespace {
// Values written through a TensorRef make derived data stale.
template <class Learner>
std::vector<TensorRef> watched(std::vector<TensorRef> tensors, Learner& sac) {
  for (TensorRef& tensor : tensors) {
    tensor.write = [write = tensor.write, &sac](std::span<const float> values) {
      write(values);
      sac.parameters_changed();
    };
  }
  return tensors;
}
}  // namespace

std::vector<TensorRef> SacAgent::model_tensors() {
  return impl_->visit([](auto& sac) { return watched(sac.state().model_tensors(), sac); });
}
std::vector<TensorRef> SacAgent::optimizer_tensors() {
  return impl_->visit([](auto& sac) { return sac.state().optimizer_tensors(); });
}

SacAgent::Counters SacAgent::counters() const {
  if (impl_->discrete) {
    const DiscreteState<float>& state = impl_->discrete->state();
    return {state.num_updates, state.num_actor_updates, 0};
  }
  const SacState<float>& state = impl_->sac->state();
  return {state.num_updates, state.num_actor_updates, state.noise.position()};
}

void SacAgent::set_counters(const Counters& counters) {
  impl_->visit([&](auto& sac) {
    sac.state().num_updates = counters.num_updates;
    sac.state().num_actor_updates = counters.num_actor_updates;
  });
  if (impl_->sac) impl_->sac->state().noise.set_position(counters.update_rng_position);
}

std::uint64_t SacAgent::state_hash() {
  return impl_->visit([](auto& sac) { return sac.state().hash(); });
}

PolicyParameters SacAgent::policy_at(std::span<const float> obs) {
  SOFTAC_REQUIRE(impl_->sac != nullptr && obs.size() == static_cast<std::size_t>(impl_->obs_dim), obs.size());
  std::vector<float> action(static_cast<std::size_t>(impl_->act_dim));
  act(obs, 1, true, {}, action);
  const Actor<float>& actor = impl_->sac->state().actor_net;
  const auto components = static_cast<std::size_t>(actor.components());
  std::vector<float> log_weight(components), mu(components * action.size()), log_std(mu.size());
  actor.mixture().parameters(impl_->act->samples.head, 0, log_weight.data(), mu.data(), log_std.data());
  return {{log_weight.begin(), log_weight.end()}, {mu.begin(), mu.end()}, {log_std.begin(), log_std.end()}};
}

void SacAgent::action_probabilities(std::span<const float> obs, int rows, std::span<float> out) {
  SOFTAC_REQUIRE(impl_->discrete != nullptr, config().num_actions);
  const auto count = static_cast<std::size_t>(rows);
  SOFTAC_REQUIRE(obs.size() == count * static_cast<std::size_t>(impl_->obs_dim) &&
                     out.size() == count * static_cast<std::size_t>(config().num_actions),
                 rows, obs.size(), out.size());
  impl_->discrete->probabilities(obs, rows, out);
}

}  // namespace softac

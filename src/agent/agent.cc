// SacAgent: the float learner behind the public interface, and acting.
#include "softac/agent.h"

#include <algorithm>
#include <cmath>

#include "agent/sac.h"
#include "softac/error.h"

namespace softac {

namespace {
constexpr int kActBlock = 32;  // rows that act on one thread
}

struct SacAgent::Impl {
  Impl(int num_obs, int num_act, const SacConfig& config, std::uint64_t seed, int threads, const std::string& backend)
      : obs_dim(num_obs), act_dim(num_act), sac(num_obs, num_act, config, seed, threads, backend) {}

  // Buffers for acting on up to `rows` rows; grows, never shrinks.
  struct ActBuffers {
    ActBuffers(const Actor<float>& actor, int obs_dim, int count)
        : rows(count),
          x(arena.panels<float>(count, obs_dim)),
          tape(actor.net().make_tape(arena, count)),
          samples(actor.make_samples(arena, count)) {}
    int rows;
    Arena arena;
    Panels<float> x;
    MlpTape<float> tape;
    PolicySamples<float> samples;
  };

  int obs_dim, act_dim;
  Sac<float> sac;
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
  return impl_->sac.config();
}
std::string SacAgent::backend_name() const {
  return impl_->sac.backend().name();
}
BatchView<float> SacAgent::batch() {
  return impl_->sac.batch();
}
UpdateMetrics SacAgent::update() {
  return impl_->sac.update();
}
std::int64_t SacAgent::num_updates() const {
  return impl_->sac.state().num_updates;
}
double SacAgent::ent_coef() const {
  return static_cast<double>(impl_->sac.alpha());
}

bool SacAgent::act(std::span<const float> obs, int rows, bool deterministic, std::span<Rng> noise,
                   std::span<float> actions) {
  const auto obs_dim = static_cast<std::size_t>(impl_->obs_dim), act_dim = static_cast<std::size_t>(impl_->act_dim);
  const auto count = static_cast<std::size_t>(rows);
  SOFTAC_REQUIRE(obs.size() == count * obs_dim && actions.size() == count * act_dim, rows, obs.size(), actions.size());
  SOFTAC_REQUIRE(deterministic || noise.size() == count, noise.size(), rows);
  SacState<float>& state = impl_->sac.state();
  if (!impl_->act || impl_->act->rows < rows)
    impl_->act = std::make_unique<Impl::ActBuffers>(state.actor_net, impl_->obs_dim, rows);
  Impl::ActBuffers& buffers = *impl_->act;

  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < impl_->obs_dim; ++c)
      buffers.x.at(r, c) = obs[static_cast<std::size_t>(r) * obs_dim + static_cast<std::size_t>(c)];
    for (std::size_t k = 0; k < act_dim; ++k) {
      buffers.samples.eps[static_cast<std::size_t>(r) * act_dim + k] =
          deterministic ? 0.0f : static_cast<float>(noise[static_cast<std::size_t>(r)].normal());
    }
  }
  Backend<float>& backend = impl_->sac.backend();
  backend.for_blocks(rows, kActBlock, state.actor_net.net().cost_per_row(), [&](int, int first, int n) {
    state.actor_net.forward(backend.kernels(), state.actor.value, buffers.x.rows_from(first, n), buffers.tape, first,
                            buffers.samples, first);
  });
  bool finite = true;
  for (int r = 0; r < rows; ++r) {
    const float* action = buffers.samples.action_row(r);
    for (std::size_t k = 0; k < act_dim; ++k) {
      actions[static_cast<std::size_t>(r) * act_dim + k] = action[k];
      finite = finite && std::isfinite(action[k]);
    }
  }
  return finite;
}

namespace {
// Values written through a TensorRef make derived data stale.
std::vector<TensorRef> watched(std::vector<TensorRef> tensors, Sac<float>& sac) {
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
  return watched(impl_->sac.state().model_tensors(), impl_->sac);
}
std::vector<TensorRef> SacAgent::optimizer_tensors() {
  return impl_->sac.state().optimizer_tensors();
}

SacAgent::Counters SacAgent::counters() const {
  const SacState<float>& state = impl_->sac.state();
  return {state.num_updates, state.num_actor_updates, state.noise.position()};
}

void SacAgent::set_counters(const Counters& counters) {
  SacState<float>& state = impl_->sac.state();
  state.num_updates = counters.num_updates;
  state.num_actor_updates = counters.num_actor_updates;
  state.noise.set_position(counters.update_rng_position);
}

std::uint64_t SacAgent::state_hash() {
  return impl_->sac.state().hash();
}

}  // namespace softac

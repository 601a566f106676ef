#include "softac/vec_env.h"

#include "env/spec_check.h"
#include "env/vec_env_impl.h"

namespace softac {

int info_size(std::span<const InfoField> fields) {
  int size = 0;
  for (const InfoField& field : fields) size += std::max(field.size, 1);
  return size;
}

VecEnv::VecEnv(std::vector<std::unique_ptr<Env>> envs, const VecEnvOptions& options) {
  SOFTAC_REQUIRE(!envs.empty());
  SOFTAC_REQUIRE(options.num_threads >= 0, options.num_threads);
  for (const auto& env : envs) SOFTAC_REQUIRE(env != nullptr);
  check_spec(envs.front()->spec(), options.rescale_actions);
  for (std::size_t i = 1; i < envs.size(); ++i) {
    if (!same_spec(envs[0]->spec(), envs[i]->spec())) {
      throw ConfigError("environment " + std::to_string(i) + " (" + envs[i]->spec().id +
                        ") has another id, shape, bounds or time limit than environment 0 (" + envs[0]->spec().id +
                        ")");
    }
  }
  impl_ = std::make_unique<Impl>(std::move(envs), options);
}

VecEnv::~VecEnv() = default;

const EnvSpec& VecEnv::spec() const {
  return impl_->spec;
}
const std::vector<InfoField>& VecEnv::info_fields() const {
  return impl_->info_fields;
}
Autoreset VecEnv::autoreset() const {
  return impl_->autoreset;
}
void VecEnv::set_max_episode_steps(int steps) {
  SOFTAC_REQUIRE(steps >= 0, steps);
  impl_->spec.max_episode_steps = steps;
}
int VecEnv::num_envs() const {
  return static_cast<int>(impl_->slots.size());
}

void VecEnv::reset() {
  impl_->for_each_env([this](Impl::Slot& slot, int index) { impl_->start_episode(slot, index); });
}

void VecEnv::reset(std::uint64_t seed) {
  for (std::size_t i = 0; i < impl_->slots.size(); ++i)
    impl_->slots[i].rng = Rng(seed, impl_->stream, static_cast<std::uint32_t>(i));
  reset();
}

void VecEnv::reset_where(std::span<const std::uint8_t> mask) {
  impl_->require_size("reset_where", "flags (N)", mask.size(), impl_->slots.size());
  impl_->for_each_env([&](Impl::Slot& slot, int index) {
    if (mask[index] != 0) impl_->start_episode(slot, index);
  });
}

void VecEnv::reset_to(int index, std::span<const double> state) {
  Impl::Slot& slot = impl_->slot_at("reset_to", index);
  const int size = slot.env->start_size();
  if (size == 0) throw ContractError(impl_->spec.id + " cannot start in a given state");
  impl_->require_size("reset_to", "numbers", state.size(), size);
  for (std::size_t j = 0; j < state.size(); ++j) {
    if (!std::isfinite(state[j]))
      throw ContractError(impl_->spec.id + ": reset_to: state[" + std::to_string(j) + "] is " + number_name(state[j]));
  }
  impl_->call_env(index, "reset_to",
                  [&] { impl_->start_episode_by(slot, index, [&] { slot.env->reset_to(state, slot.obs); }); });
}

void VecEnv::reseed(int index, std::uint64_t seed, std::uint32_t number) {
  impl_->slot_at("reseed", index).rng = Rng(seed, impl_->stream, number);
}

void VecEnv::step(std::span<const float> actions) {
  impl_->step(actions);
}
void VecEnv::step(std::span<const double> actions) {
  impl_->step(actions);
}

std::span<const float> VecEnv::obs() const {
  return impl_->obs.rounded;
}
std::span<const float> VecEnv::next_obs() const {
  return impl_->next_obs.rounded;
}
std::span<const float> VecEnv::reward() const {
  return impl_->reward;
}
std::span<const std::uint8_t> VecEnv::terminated() const {
  return impl_->terminated;
}
std::span<const std::uint8_t> VecEnv::truncated() const {
  return impl_->truncated;
}
std::span<const std::uint8_t> VecEnv::was_reset() const {
  return impl_->was_reset;
}
std::span<const std::uint8_t> VecEnv::failed() const {
  return impl_->failed;
}
std::int64_t VecEnv::num_failures() const {
  return impl_->num_failures;
}
const std::string& VecEnv::last_failure() const {
  return impl_->last_failure;
}
std::span<const double> VecEnv::episode_return() const {
  return impl_->episode_return;
}
std::span<const std::int64_t> VecEnv::episode_length() const {
  return impl_->episode_length;
}
Env& VecEnv::env(int index) {
  return *impl_->slot_at("env", index).env;
}
std::span<const double> VecEnv::env_action(int index) const {
  const Impl::Slot& slot = impl_->slot_at("env_action", index);
  return slot.acted ? std::span<const double>(slot.action) : std::span<const double>();
}
std::span<const double> VecEnv::native_obs() const {
  return impl_->obs.native;
}
std::span<const double> VecEnv::native_next_obs() const {
  return impl_->next_obs.native;
}
std::span<const double> VecEnv::native_reward() const {
  return impl_->native_reward;
}
std::span<const double> VecEnv::info() const {
  return impl_->info;
}
std::span<const double> VecEnv::start_info() const {
  return impl_->start_info;
}
std::int64_t VecEnv::num_steps() const {
  return impl_->num_steps.load(std::memory_order_relaxed);
}

}  // namespace softac

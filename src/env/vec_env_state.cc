// VecEnv's whole state as bytes.
#include "env/state_bytes.h"
#include "env/vec_env_impl.h"

namespace softac {

namespace {

constexpr std::uint32_t kStateVersion = 1;

// What the state holds beside every environment's generator and counters.
constexpr std::uint8_t kWithEnvs = 1, kWithNativeObs = 2;
// Of one environment.
constexpr std::uint8_t kEpisodeOver = 1, kEnded = 2;

std::uint8_t bits(bool first, bool second) {
  return static_cast<std::uint8_t>((first ? 1 : 0) | (second ? 2 : 0));
}

}  // namespace

bool VecEnv::can_save_state() const {
  return std::ranges::all_of(impl_->slots, [](const Impl::Slot& slot) { return slot.env->can_save_state(); });
}

std::vector<std::byte> VecEnv::save_state() const {
  const bool with_envs = can_save_state();
  StateWriter out;
  out.put(kStateVersion);
  out.put(bits(with_envs, impl_->keep_native));
  out.put(static_cast<std::uint64_t>(impl_->slots.size()));
  out.put(static_cast<std::uint64_t>(impl_->obs_dim));
  out.put(num_steps());
  for (std::size_t i = 0; i < impl_->slots.size(); ++i) {
    const Impl::Slot& slot = impl_->slots[i];
    out.put(slot.rng.seed());
    out.put(slot.rng.stream());
    out.put(slot.rng.position());
    out.put(slot.episode_return);
    out.put(slot.episode_length);
    out.put(bits(slot.episode_over, slot.ended));
    if (!with_envs) continue;
    std::vector<std::byte> state;
    impl_->call_env(static_cast<int>(i), "save_state", [&] { state = slot.env->save_state(); });
    out.put(static_cast<std::uint64_t>(state.size()));
    out.put_array(std::span<const std::byte>(state));
  }
  out.put_array(std::span<const float>(impl_->obs.rounded));
  if (impl_->keep_native) out.put_array(std::span<const double>(impl_->obs.native));
  return out.take();
}

void VecEnv::load_state(std::span<const std::byte> state) {
  const std::string what = std::to_string(num_envs()) + " × " + spec().id;
  StateReader in(state, what);
  const auto refuse = [&](const std::string& why) { throw IoError("state of " + what + ": " + why); };
  const auto expect = [&](const char* field, std::uint64_t found, std::uint64_t expected) {
    if (found != expected)
      refuse(std::string(field) + ": expected " + std::to_string(expected) + ", found " + std::to_string(found));
  };
  expect("version", in.get<std::uint32_t>(), kStateVersion);
  const auto holds = in.get<std::uint8_t>();
  const bool with_envs = (holds & kWithEnvs) != 0;
  expect("number of environments", in.get<std::uint64_t>(), impl_->slots.size());
  expect("observation size", in.get<std::uint64_t>(), impl_->obs_dim);
  const auto steps = in.get<std::int64_t>();
  for (std::size_t i = 0; i < impl_->slots.size(); ++i) {
    Impl::Slot& slot = impl_->slots[i];
    const auto seed = in.get<std::uint64_t>(), stream = in.get<std::uint64_t>();
    slot.rng = Rng(seed, stream);
    slot.rng.set_position(in.get<std::uint64_t>());
    slot.episode_return = in.get<double>();
    slot.episode_length = in.get<std::int64_t>();
    const auto flags = in.get<std::uint8_t>();
    slot.episode_over = (flags & kEpisodeOver) != 0;
    slot.ended = (flags & kEnded) != 0;
    slot.started = true;
    slot.acted = false;
    if (slot.ended && impl_->autoreset == Autoreset::same_step)
      refuse("an episode has ended, which Autoreset::same_step does not leave so");
    constexpr std::int64_t kMany = std::int64_t{1} << 60;
    if (slot.episode_length < 0 || slot.episode_length > kMany || steps < 0 || steps > kMany ||
        !std::isfinite(slot.episode_return))
      refuse("counters that no run can have reached");
    if (!with_envs) continue;
    const auto bytes = in.get_bytes(in.get<std::uint64_t>());
    impl_->call_env(static_cast<int>(i), "load_state", [&] { slot.env->load_state(bytes); });
  }
  in.get_array(std::span(impl_->obs.rounded));
  std::vector<double> native(impl_->obs.rounded.begin(), impl_->obs.rounded.end());
  if ((holds & kWithNativeObs) != 0) in.get_array(std::span(native));
  in.finish();
  for (std::size_t i = 0; i < native.size(); ++i) {
    if (!std::isfinite(impl_->obs.rounded[i]) || !std::isfinite(native[i])) refuse("an observation is not finite");
  }
  if (impl_->keep_native) impl_->obs.native = native;
  std::ranges::fill(impl_->start_info, std::numeric_limits<double>::quiet_NaN());
  impl_->num_steps.store(steps, std::memory_order_relaxed);
  if (!with_envs) reset();
}

}  // namespace softac

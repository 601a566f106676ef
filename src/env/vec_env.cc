#include "env/vec_env.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>

#include "base/discrete_action.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "env/env_call.h"
#include "env/foreign_guard.h"
#include "env/state_bytes.h"
#include "env/step_watch.h"

namespace softac {

namespace {

constexpr std::uint32_t kStateVersion = 1;
constexpr int kMaxFailuresInRow = 100;
constexpr double kUnbounded = 1e300;  // bounds beyond, infinite or not, stand for none

std::string number_name(double value) {
  if (std::isnan(value)) return "NaN";
  return number_text(value);
}

// Throws ConfigError unless spec is one that VecEnv can run.
void check_spec(const EnvSpec& spec, bool rescale_actions) {
  const std::size_t obs_dim = std::max(spec.obs_dim, 0);
  const std::size_t act_dim = std::max(spec.act_dim, 0);
  std::string violations;
  const auto refuse = [&](const std::string& text) { violations += "\n  " + text; };
  if (spec.obs_dim < 1) refuse("obs_dim: expected at least 1, found " + std::to_string(spec.obs_dim));
  if (spec.act_dim < 1) refuse("act_dim: expected at least 1, found " + std::to_string(spec.act_dim));
  if (spec.num_actions != 0 && (spec.num_actions < 2 || spec.act_dim != 1)) {
    refuse("num_actions: expected 0, or at least 2 with act_dim 1, found " + std::to_string(spec.num_actions) +
           " with act_dim " + std::to_string(spec.act_dim));
  }
  if (spec.max_episode_steps < 0)
    refuse("max_episode_steps: expected at least 0, found " + std::to_string(spec.max_episode_steps));
  const auto check_bounds = [&](const char* name, const std::vector<double>& low, const std::vector<double>& high,
                                std::size_t dim) {
    if (low.size() != dim || high.size() != dim) {
      refuse(std::string(name) + " bounds: expected " + std::to_string(dim) + " values, found " +
             std::to_string(low.size()) + " lower and " + std::to_string(high.size()) + " upper");
      return;
    }
    for (std::size_t j = 0; j < dim; ++j) {
      if (!(low[j] < high[j])) {
        refuse(std::string(name) + " bounds of entry " + std::to_string(j) + ": expected low < high, found " +
               number_name(low[j]) + " and " + number_name(high[j]));
      }
    }
  };
  check_bounds("observation", spec.obs_low, spec.obs_high, obs_dim);
  check_bounds("action", spec.act_low, spec.act_high, act_dim);
  if (rescale_actions && violations.empty()) {
    for (std::size_t j = 0; j < act_dim; ++j) {
      const double low = spec.act_low[j], high = spec.act_high[j];
      if (std::max(std::fabs(low), std::fabs(high)) > kUnbounded) {
        refuse("action bounds of entry " + std::to_string(j) + ": " + number_name(low) + " to " + number_name(high) +
               " is no range that [-1, 1] could be rescaled to; give it the largest action that makes sense as its "
               "bounds");
      }
    }
  }
  if (!violations.empty()) throw ConfigError("environment " + spec.id + ":" + violations);
}

bool same_spec(const EnvSpec& a, const EnvSpec& b) {
  return a.id == b.id && a.obs_dim == b.obs_dim && a.act_dim == b.act_dim && a.obs_low == b.obs_low &&
         a.obs_high == b.obs_high && a.act_low == b.act_low && a.act_high == b.act_high &&
         a.max_episode_steps == b.max_episode_steps && a.num_actions == b.num_actions;
}

}  // namespace

struct VecEnv::Impl {
  // What belongs to one environment alone: written by the thread that steps it.
  struct alignas(64) Slot {
    std::unique_ptr<Env> env;
    Rng rng;
    std::vector<double> obs, action;  // (O), (A) in the environment's units
    double episode_return = 0.0;
    std::int64_t episode_length = 0;
    bool episode_over = true;  // the next step starts a new episode's counts
    std::string error;         // set where this step failed
    std::string survived;      // the same where a new episode followed: says why, if has_survived
    bool has_survived = false;
    int failures_in_row = 0;
    bool bad_action = false;  // the error is a non-finite action
  };

  EnvSpec spec;
  std::size_t obs_dim, act_dim;
  bool rescale, reset_on_error;
  std::vector<Slot> slots;
  ThreadPool pool;
  std::vector<float> obs, next_obs, reward;
  std::vector<std::uint8_t> terminated, truncated, failed;
  std::int64_t num_failures = 0;
  std::string last_failure;
  std::vector<double> episode_return;
  std::vector<std::int64_t> episode_length;
  std::atomic<std::int64_t> num_steps{0};
  double timeout_sec;
  std::function<void(const std::string&)> on_timeout;
  std::unique_ptr<StepWatch> watch;  // last: its thread reads the others

  Impl(std::vector<std::unique_ptr<Env>> envs, const VecEnvOptions& options)
      : spec(envs.front()->spec()),
        obs_dim(spec.obs_dim),
        act_dim(spec.act_dim),
        rescale(options.rescale_actions),
        reset_on_error(options.reset_on_error),
        slots(envs.size()),
        pool(std::min(options.num_threads, static_cast<int>(envs.size()))),
        timeout_sec(options.timeout_sec),
        on_timeout(options.on_timeout) {
    const std::size_t n = envs.size();
    for (std::size_t i = 0; i < n; ++i) {
      slots[i].env = std::move(envs[i]);
      slots[i].rng = Rng(options.seed, options.stream, static_cast<std::uint32_t>(i));
      slots[i].obs.resize(obs_dim);
      slots[i].action.resize(act_dim);
    }
    obs.resize(n * obs_dim);
    next_obs.resize(n * obs_dim);
    reward.resize(n);
    terminated.resize(n);
    truncated.resize(n);
    failed.resize(n);
    episode_return.resize(n);
    episode_length.resize(n);
    if (timeout_sec > 0.0) {
      watch = std::make_unique<StepWatch>(static_cast<int>(n), timeout_sec, [this](int index) {
        if (on_timeout) on_timeout(place(index) + timeout_text());
      });
    }
  }

  std::string place(int index) const {
    return spec.id + " (environment " + std::to_string(index) + ", step " +
           std::to_string(num_steps.load(std::memory_order_relaxed)) + "): ";
  }
  std::string timeout_text() const { return "no answer within env_timeout_sec = " + number_name(timeout_sec) + " s"; }

  // Calls body(slot, index) for every environment and throws the error of the first one that failed.
  template <class Body>
  void for_each_env(Body&& body) {
    pool.run(static_cast<int>(slots.size()), [&](int index) {
      Slot& slot = slots[index];
      if (watch) watch->enter(index);
      const EnvCallScope call(spec.id.c_str(), index, num_steps.load(std::memory_order_relaxed));
      try {
        body(slot, index);
      } catch (const std::exception& error) {
        slot.error = error.what();
      } catch (...) {
        slot.error = "threw something that is not a std::exception";
      }
      if (watch) {
        watch->leave(index);
        if (watch->take_hang(index) && slot.error.empty()) slot.error = timeout_text();
      }
    });
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i].has_survived) continue;
      slots[i].has_survived = false;
      ++num_failures;
      last_failure = place(static_cast<int>(i)) + slots[i].survived;
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].error.empty()) continue;
      const std::string message = place(static_cast<int>(i)) + slots[i].error;
      const bool bad_action = slots[i].bad_action;
      for (Slot& slot : slots) {
        slot.error.clear();
        slot.bad_action = false;
      }
      if (bad_action) throw NumericsError(message);
      throw EnvError(message);
    }
  }

  // Calls body for one environment outside of step and reset: what it throws names the environment and the call. Bytes
  // that it refuses are no fault of the environment, and IoError as they are.
  template <class Body>
  void call_env(int index, const char* call, Body&& body) {
    if (watch) watch->enter(index);
    std::string error;
    const auto leave = [&] {
      if (!watch) return;
      watch->leave(index);
      if (watch->take_hang(index) && error.empty()) error = timeout_text();
    };
    try {
      const EnvCallScope scope(spec.id.c_str(), index, num_steps.load(std::memory_order_relaxed));
      const FpModesGuard modes(spec.id.c_str());
      body();
    } catch (const IoError&) {
      leave();
      throw;
    } catch (const std::exception& thrown) {
      error = thrown.what();
    } catch (...) {
      error = "threw something that is not a std::exception";
    }
    leave();
    if (!error.empty()) throw EnvError(place(index) + call + ": " + error);
  }

  // Converts an observation to float32; a value that is not finite afterwards breaks the environment's contract.
  void convert_obs(const Slot& slot, const char* what, std::span<float> out) const {
    for (std::size_t j = 0; j < obs_dim; ++j) {
      out[j] = static_cast<float>(slot.obs[j]);
      if (!std::isfinite(out[j])) {
        throw EnvError(std::string(what) + "[" + std::to_string(j) + "] is " + number_name(slot.obs[j]) +
                       (std::isfinite(slot.obs[j]) ? ", which float32 cannot hold" : ""));
      }
    }
  }

  std::span<float> row(std::vector<float>& matrix, int index) const {
    return std::span(matrix).subspan(index * obs_dim, obs_dim);
  }

  void start_episode(Slot& slot, int index) {
    {
      const FpModesGuard modes(spec.id.c_str());
      slot.env->reset(slot.rng, slot.obs);
    }
    convert_obs(slot, "reset observation", row(obs, index));
    slot.episode_over = true;
  }

  void set_action(Slot& slot, std::span<const float> action) const {
    for (std::size_t j = 0; j < act_dim; ++j) {
      const double a = static_cast<double>(action[j]), low = spec.act_low[j], high = spec.act_high[j];
      if (!std::isfinite(a)) {
        slot.bad_action = true;
        throw NumericsError("action[" + std::to_string(j) + "] is " + number_name(a));
      }
      double value = a;
      if (rescale) value = rescale_action(a, low, high);
      slot.action[j] = std::clamp(value, low, high);
    }
  }

  // Starts a new episode after a failure, unless there are too many of them.
  void survive(Slot& slot, int index, const std::string& why) {
    if (++slot.failures_in_row == kMaxFailuresInRow)
      throw EnvError(why + " (for the " + std::to_string(kMaxFailuresInRow) + "th time in a row)");
    slot.survived = why;
    slot.has_survived = true;
    start_episode(slot, index);
  }

  // Calls body; what it throws is a failure of the environment, which recover(why) handles. An action that is
  // not finite is no fault of the environment.
  template <class Body, class Recover>
  static void attempt(Body&& body, Recover&& recover) {
    std::string why;
    try {
      return body();
    } catch (const NumericsError&) {
      throw;
    } catch (const std::exception& error) {
      why = error.what();
    } catch (...) {
      why = "threw something that is not a std::exception";
    }
    recover(why);
  }

  void step_and_survive(Slot& slot, int index, std::span<const float> action) {
    const std::size_t i = index;
    bool step_failed = false, reset_failed = false;
    attempt([&] { step_one(slot, index, action); },
            [&](const std::string& why) {  // nothing of this step counts, not even as an episode that ended
              step_failed = true;
              failed[i] = 1;
              terminated[i] = truncated[i] = 0;
              reward[i] = 0.0f;
              survive(slot, index, why);
              std::ranges::copy(row(obs, index), row(next_obs, index).begin());
            });
    if (!step_failed) {  // the step counts, whatever its successor's reset does
      attempt([&] { continue_or_reset(slot, index); },
              [&](const std::string& why) {
                reset_failed = true;
                survive(slot, index, why);
              });
    }
    if (!step_failed && !reset_failed) slot.failures_in_row = 0;
  }

  StepResult step_env(Slot& slot) const {
    const FpModesGuard modes(spec.id.c_str());
    return slot.env->step(slot.action, slot.obs);
  }

  void step_one(Slot& slot, int index, std::span<const float> action) {
    const std::size_t i = index;
    set_action(slot, action);
    const StepResult result = step_env(slot);
    convert_obs(slot, "observation", row(next_obs, index));
    reward[i] = static_cast<float>(result.reward);
    if (!std::isfinite(reward[i])) {
      throw EnvError("reward is " + number_name(result.reward) +
                     (std::isfinite(result.reward) ? ", which float32 cannot hold" : ""));
    }
    if (slot.episode_over) {
      slot.episode_return = 0.0;
      slot.episode_length = 0;
      slot.episode_over = false;
    }
    slot.episode_return += result.reward;
    ++slot.episode_length;
    const bool at_limit = spec.max_episode_steps > 0 && slot.episode_length >= spec.max_episode_steps;
    terminated[i] = result.terminated;
    truncated[i] = !result.terminated && (result.truncated || at_limit);
    episode_return[i] = slot.episode_return;
    episode_length[i] = slot.episode_length;
  }

  // After step_one: what to act on next.
  void continue_or_reset(Slot& slot, int index) {
    const std::size_t i = index;
    if (terminated[i] || truncated[i]) {
      start_episode(slot, index);
    } else {
      std::ranges::copy(row(next_obs, index), row(obs, index).begin());
    }
  }
};

VecEnv::VecEnv(std::vector<std::unique_ptr<Env>> envs, const VecEnvOptions& options) {
  SOFTAC_REQUIRE(!envs.empty());
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

void VecEnv::step(std::span<const float> actions) {
  Impl& d = *impl_;
  SOFTAC_REQUIRE(actions.size() == d.slots.size() * d.act_dim, actions.size(), d.slots.size(), d.act_dim);
  d.num_steps.fetch_add(1, std::memory_order_relaxed);
  std::ranges::fill(d.failed, std::uint8_t{0});
  d.for_each_env([&](Impl::Slot& slot, int index) {
    const auto action = actions.subspan(index * d.act_dim, d.act_dim);
    if (d.reset_on_error) return d.step_and_survive(slot, index, action);
    d.step_one(slot, index, action);
    d.continue_or_reset(slot, index);
  });
}

std::span<const float> VecEnv::obs() const {
  return impl_->obs;
}
std::span<const float> VecEnv::next_obs() const {
  return impl_->next_obs;
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
  return *impl_->slots.at(index).env;
}
std::int64_t VecEnv::num_steps() const {
  return impl_->num_steps.load(std::memory_order_relaxed);
}

bool VecEnv::can_save_state() const {
  return std::ranges::all_of(impl_->slots, [](const Impl::Slot& slot) { return slot.env->can_save_state(); });
}

std::vector<std::byte> VecEnv::save_state() const {
  const bool with_envs = can_save_state();
  StateWriter out;
  out.put(kStateVersion);
  out.put(static_cast<std::uint8_t>(with_envs));
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
    out.put(static_cast<std::uint8_t>(slot.episode_over));
    if (!with_envs) continue;
    std::vector<std::byte> state;
    impl_->call_env(static_cast<int>(i), "save_state", [&] { state = slot.env->save_state(); });
    out.put(static_cast<std::uint64_t>(state.size()));
    out.put_array(std::span<const std::byte>(state));
  }
  out.put_array(std::span<const float>(impl_->obs));
  return out.take();
}

void VecEnv::load_state(std::span<const std::byte> state) {
  const std::string what = std::to_string(num_envs()) + " × " + spec().id;
  StateReader in(state, what);
  const auto expect = [&](const char* field, std::uint64_t found, std::uint64_t expected) {
    if (found != expected) {
      throw IoError("state of " + what + ": " + field + ": expected " + std::to_string(expected) + ", found " +
                    std::to_string(found));
    }
  };
  expect("version", in.get<std::uint32_t>(), kStateVersion);
  const bool with_envs = in.get<std::uint8_t>() != 0;
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
    slot.episode_over = in.get<std::uint8_t>() != 0;
    constexpr std::int64_t kMany = std::int64_t{1} << 60;
    if (slot.episode_length < 0 || slot.episode_length > kMany || steps < 0 || steps > kMany ||
        !std::isfinite(slot.episode_return))
      throw IoError("state of " + what + ": counters that no run can have reached");
    if (!with_envs) continue;
    const auto bytes = in.get_bytes(in.get<std::uint64_t>());
    impl_->call_env(static_cast<int>(i), "load_state", [&] { slot.env->load_state(bytes); });
  }
  in.get_array(std::span(impl_->obs));
  in.finish();
  for (const float value : impl_->obs) {
    if (!std::isfinite(value)) throw IoError("state of " + what + ": an observation is not finite");
  }
  impl_->num_steps.store(steps, std::memory_order_relaxed);
  if (!with_envs) reset();
}

}  // namespace softac

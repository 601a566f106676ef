// What VecEnv is made of.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/discrete_action.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "env/env_call.h"
#include "env/foreign_guard.h"
#include "env/step_watch.h"
#include "softac/vec_env.h"

namespace softac {

inline constexpr int kMaxFailuresInRow = 100;

inline std::string number_name(double value) {
  return std::isnan(value) ? "NaN" : number_text(value);
}

struct VecEnv::Impl {
  // What belongs to one environment alone: written by the thread that steps it.
  struct alignas(64) Slot {
    std::unique_ptr<Env> env;
    Rng rng;
    std::vector<double> obs, action;  // (O), (A) in the environment's units
    double episode_return = 0.0;
    std::int64_t episode_length = 0;
    bool started = false;      // it has been reset
    bool ended = false;        // the episode ended, and nothing has reset the environment yet
    bool episode_over = true;  // the next step starts a new episode's counts
    bool acted = false;        // `action` led to the present state
    std::string error;         // set where this step failed
    std::string survived;      // the same where a new episode followed: says why, if has_survived
    bool has_survived = false;
    int failures_in_row = 0;
    bool bad_action = false;  // the error is a non-finite action
  };
  // (N, O)
  struct Observations {
    std::vector<float> rounded;
    std::vector<double> native;  // empty unless they are kept
  };

  EnvSpec spec;
  std::vector<InfoField> info_fields;
  std::size_t obs_dim, act_dim, info_dim;  // info_dim: 0 unless infos are kept
  StreamKind stream;
  bool rescale, clip, reset_on_error, keep_native;
  Autoreset autoreset;
  std::vector<Slot> slots;
  ThreadPool pool;
  Observations obs, next_obs;
  std::vector<float> reward;
  std::vector<double> native_reward, info, start_info;
  std::vector<std::uint8_t> terminated, truncated, failed, was_reset;
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
        info_fields(envs.front()->info_fields()),
        obs_dim(spec.obs_dim),
        act_dim(spec.act_dim),
        info_dim(options.keep_info ? info_size(info_fields) : 0),
        stream(options.stream),
        rescale(options.rescale_actions),
        clip(options.rescale_actions || options.clip_actions),
        reset_on_error(options.reset_on_error),
        keep_native(options.keep_native),
        autoreset(options.autoreset),
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
    for (Observations* rows : {&obs, &next_obs}) {
      rows->rounded.resize(n * obs_dim);
      rows->native.resize(keep_native ? n * obs_dim : 0);
    }
    reward.resize(n);
    native_reward.resize(keep_native ? n : 0);
    for (std::vector<double>* rows : {&info, &start_info})
      rows->resize(n * info_dim, std::numeric_limits<double>::quiet_NaN());
    for (std::vector<std::uint8_t>* flags : {&terminated, &truncated, &failed, &was_reset}) flags->resize(n);
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

  void require_size(const char* call, const char* what, std::size_t found, std::size_t expected) const {
    if (found == expected) return;
    throw ContractError(spec.id + ": " + call + ": expected " + std::to_string(expected) + " " + what + ", found " +
                        std::to_string(found));
  }
  Slot& slot_at(const char* call, int index) {
    if (index < 0 || index >= static_cast<int>(slots.size())) {
      throw ContractError(spec.id + ": " + call + ": expected an index from 0 to " + std::to_string(slots.size() - 1) +
                          ", found " + std::to_string(index));
    }
    return slots[index];
  }
  // Throws ContractError unless every environment can take a step.
  void require_started() const {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i].started) throw ContractError(place(static_cast<int>(i)) + "step: reset it first");
      if (slots[i].ended && autoreset == Autoreset::disabled)
        throw ContractError(place(static_cast<int>(i)) + "step: its episode is over; reset it first");
    }
  }

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
      if (!slots[i].error.empty()) throw_error_of(static_cast<int>(i));
    }
  }
  [[noreturn]] void throw_error_of(int index) {
    const std::string message = place(index) + slots[index].error;
    const bool bad_action = slots[index].bad_action;
    for (Slot& slot : slots) {
      slot.error.clear();
      slot.bad_action = false;
    }
    if (bad_action) throw NumericsError(message);
    throw EnvError(message);
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

  template <class T>
  static std::span<T> row(std::vector<T>& matrix, int index, std::size_t width) {
    return std::span(matrix).subspan(index * width, width);
  }

  // Takes over an environment's observation; a value that is not finite in float32 breaks its contract.
  void take_obs(const Slot& slot, int index, const char* what, Observations& to) const {
    const std::span<float> out = row(to.rounded, index, obs_dim);
    for (std::size_t j = 0; j < obs_dim; ++j) {
      out[j] = static_cast<float>(slot.obs[j]);
      if (!std::isfinite(out[j])) {
        throw EnvError(std::string(what) + "[" + std::to_string(j) + "] is " + number_name(slot.obs[j]) +
                       (std::isfinite(slot.obs[j]) ? ", which float32 cannot hold" : ""));
      }
    }
    if (keep_native) std::ranges::copy(slot.obs, row(to.native, index, obs_dim).begin());
  }
  void copy_obs(Observations& from, Observations& to, int index) const {
    std::ranges::copy(row(from.rounded, index, obs_dim), row(to.rounded, index, obs_dim).begin());
    if (keep_native) std::ranges::copy(row(from.native, index, obs_dim), row(to.native, index, obs_dim).begin());
  }

  // begin: starts an episode of slot.env and writes slot.obs.
  template <class Begin>
  void start_episode_by(Slot& slot, int index, Begin&& begin) {
    {
      const FpModesGuard modes(spec.id.c_str());
      begin();
      if (info_dim > 0) slot.env->info(row(start_info, index, info_dim));
    }
    take_obs(slot, index, "reset observation", obs);
    slot.started = slot.episode_over = true;
    slot.ended = slot.acted = false;
  }
  void start_episode(Slot& slot, int index) {
    start_episode_by(slot, index, [&] { slot.env->reset(slot.rng, slot.obs); });
  }

  template <class T>
  void set_action(Slot& slot, std::span<const T> action) const {
    for (std::size_t j = 0; j < act_dim; ++j) {
      const double a = static_cast<double>(action[j]), low = spec.act_low[j], high = spec.act_high[j];
      if (!std::isfinite(a)) {
        slot.bad_action = true;
        throw NumericsError("action[" + std::to_string(j) + "] is " + number_name(a));
      }
      double value = a;
      if (rescale) value = rescale_action(a, low, high);
      slot.action[j] = clip ? std::clamp(value, low, high) : value;
    }
    slot.acted = true;
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

  template <class T>
  void step_and_survive(Slot& slot, int index, std::span<const T> action) {
    const std::size_t i = index;
    bool step_failed = false, reset_failed = false;
    const auto reset_again = [&](const std::string& why) {
      reset_failed = true;
      survive(slot, index, why);
    };
    if (slot.ended) {
      attempt([&] { only_reset(slot, index); }, reset_again);
      if (reset_failed) finish_only_reset(index);
      return;
    }
    attempt([&] { step_one(slot, index, action); },
            [&](const std::string& why) {  // nothing of this step counts, not even as an episode that ended
              step_failed = true;
              failed[i] = 1;
              terminated[i] = truncated[i] = 0;
              set_reward(index, 0.0);
              survive(slot, index, why);
              copy_obs(obs, next_obs, index);
            });
    // The step counts, whatever its successor's reset does.
    if (!step_failed) attempt([&] { continue_or_reset(slot, index); }, reset_again);
    if (!step_failed && !reset_failed) slot.failures_in_row = 0;
  }

  StepResult step_env(Slot& slot, int index) {
    const FpModesGuard modes(spec.id.c_str());
    const StepResult result = slot.env->step(slot.action, slot.obs);
    if (info_dim > 0) slot.env->info(row(info, index, info_dim));
    return result;
  }

  void set_reward(int index, double value) {
    reward[index] = static_cast<float>(value);
    if (keep_native) native_reward[index] = value;
  }

  template <class T>
  void step_one(Slot& slot, int index, std::span<const T> action) {
    const std::size_t i = index;
    set_action(slot, action);
    const StepResult result = step_env(slot, index);
    take_obs(slot, index, "observation", next_obs);
    set_reward(index, result.reward);
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
    const bool ended = terminated[index] || truncated[index];
    if (ended && autoreset == Autoreset::same_step) {
      start_episode(slot, index);
    } else {
      copy_obs(next_obs, obs, index);
      slot.ended = ended;
    }
  }

  // A step of Autoreset::next_step after an episode's end.
  void only_reset(Slot& slot, int index) {
    start_episode(slot, index);
    finish_only_reset(index);
  }
  void finish_only_reset(int index) {
    const std::size_t i = index;
    copy_obs(obs, next_obs, index);
    set_reward(index, 0.0);
    terminated[i] = truncated[i] = 0;
    was_reset[i] = 1;
    episode_return[i] = 0.0;
    episode_length[i] = 0;
  }

  template <class T>
  void step(std::span<const T> actions) {
    require_size("step", "actions (N × A)", actions.size(), slots.size() * act_dim);
    require_started();
    num_steps.fetch_add(1, std::memory_order_relaxed);
    std::ranges::fill(failed, std::uint8_t{0});
    if (autoreset == Autoreset::next_step) std::ranges::fill(was_reset, std::uint8_t{0});
    for_each_env([&](Slot& slot, int index) {
      const auto action = actions.subspan(index * act_dim, act_dim);
      if (reset_on_error) return step_and_survive(slot, index, action);
      if (slot.ended) return only_reset(slot, index);
      step_one(slot, index, action);
      continue_or_reset(slot, index);
    });
  }
};

}  // namespace softac

// The replay's contract in its plainest form: whole transitions in a list, windows by a loop.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "replay/replay_buffer.h"

namespace softac::test {

struct FullTransition {
  std::vector<float> obs, action, next_obs;
  float reward = 0.0f;
  bool terminated = false, truncated = false;
};

// One environment's history: the newest `capacity` transitions, with an end slot after each episode.
class ReferenceRing {
 public:
  explicit ReferenceRing(std::int64_t capacity) : capacity_(capacity) {}

  void add(FullTransition t) {
    const bool ended = t.terminated || t.truncated;
    slots_.push_back({std::move(t), false});
    trim();
    if (ended) slots_.push_back({{}, true});
    trim();
  }
  std::vector<int> transitions() const {  // indices that may be drawn
    std::vector<int> out;
    for (int i = 0; i < static_cast<int>(slots_.size()); ++i) {
      if (!slots_[static_cast<std::size_t>(i)].end) out.push_back(i);
    }
    return out;
  }
  const FullTransition& at(int i) const { return slots_[static_cast<std::size_t>(i)].transition; }

  struct Window {
    double reward = 0.0, discount = 1.0;
    std::vector<float> next_obs;
  };
  Window window(int first, int n_steps, double gamma) const {
    Window w;
    for (int k = 0; k < n_steps; ++k) {
      const auto i = static_cast<std::size_t>(first + k);
      if (i >= slots_.size()) break;
      const FullTransition& t = slots_[i].transition;
      w.reward += w.discount * static_cast<double>(t.reward);
      w.discount *= gamma;
      w.next_obs = t.next_obs;
      if (t.terminated) w.discount = 0.0;
      if (t.terminated || t.truncated) break;
    }
    return w;
  }

 private:
  struct Slot {
    FullTransition transition;
    bool end = false;
  };
  void trim() {
    const auto is_transition = [](const Slot& slot) { return !slot.end; };
    while (std::ranges::count_if(slots_, is_transition) > capacity_ || slots_.front().end) slots_.pop_front();
  }
  std::int64_t capacity_;
  std::deque<Slot> slots_;
};

// Endless random episodes; obs[0] of every step of every environment is a number that occurs once.
class EpisodeSource {
 public:
  EpisodeSource(int obs_dim, int act_dim, int num_envs, std::uint64_t seed)
      : obs_dim_(obs_dim), act_dim_(act_dim), rng_(seed, StreamKind::test), obs_(static_cast<std::size_t>(num_envs)) {}

  FullTransition next(int env) {
    std::vector<float>& current = obs_[static_cast<std::size_t>(env)];
    if (current.empty()) current = fresh();
    FullTransition t;
    t.obs = current;
    for (int j = 0; j < act_dim_; ++j) t.action.push_back(static_cast<float>(rng_.uniform(-1.0, 1.0)));
    t.reward = static_cast<float>(rng_.normal());
    t.next_obs = fresh();
    const std::uint64_t u = rng_.below(12);
    t.terminated = u == 0;
    t.truncated = u == 1;
    current = t.terminated || t.truncated ? fresh() : t.next_obs;
    return t;
  }

 private:
  std::vector<float> fresh() {
    std::vector<float> obs;
    obs.push_back(static_cast<float>(++count_));
    for (int j = 1; j < obs_dim_; ++j) obs.push_back(static_cast<float>(rng_.normal()));
    return obs;
  }
  int obs_dim_, act_dim_;
  Rng rng_;
  int count_ = 0;
  std::vector<std::vector<float>> obs_;
};

// A batch with its memory; padding columns hold zeros, everything that sample() must write holds NaN.
template <class T>
struct OwnedBatch {
  OwnedBatch(int batch_size, int obs_dim, int act_dim)
      : x(static_cast<std::size_t>(num_panels(obs_dim + act_dim) * 2 * batch_size * kLanes)),
        reward(static_cast<std::size_t>(batch_size)),
        discount(static_cast<std::size_t>(batch_size)) {
    view.x = {x.data(), 2 * batch_size, obs_dim + act_dim, static_cast<std::ptrdiff_t>(2 * batch_size * kLanes)};
    view.reward = reward.data();
    view.discount = discount.data();
    view.batch_size = batch_size;
    view.obs_dim = obs_dim;
    view.act_dim = act_dim;
  }
  std::vector<T> x, reward, discount;
  BatchView<T> view;
};

inline void add(ReplayBuffer& buffer, int env, const FullTransition& t) {
  buffer.add(env, t.obs, t.action, t.reward, t.next_obs, t.terminated, t.truncated);
}

}  // namespace softac::test

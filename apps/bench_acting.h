// Acting as the collector does it: sampled actions for one observation, or for one of every environment.
#pragma once

#include <vector>

#include "softac/agent.h"

namespace softac::app {

class Acting {
 public:
  Acting(int obs_dim, int act_dim, const SacConfig& config, int num_envs, int threads)
      : agent_(obs_dim, act_dim, config, 1, threads), num_envs_(num_envs) {
    const std::size_t rows = num_envs;
    Rng rng(2, StreamKind::test);
    obs_.resize(rows * obs_dim);
    actions_.resize(rows * act_dim);
    for (float& x : obs_) x = static_cast<float>(rng.normal());
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(num_envs); ++i) noise_.emplace_back(1, StreamKind::act, i);
    act(num_envs);
  }

  int num_envs() const { return num_envs_; }

  // rows: 1 … num_envs
  void act(int rows) {
    const std::size_t n = rows, all = num_envs_;
    agent_.act(std::span(obs_).first(obs_.size() / all * n), rows, false, std::span(noise_).first(n),
               std::span(actions_).first(actions_.size() / all * n));
  }

 private:
  SacAgent agent_;
  int num_envs_;
  std::vector<float> obs_, actions_;
  std::vector<Rng> noise_;
};

}  // namespace softac::app

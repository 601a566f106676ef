// A small environment whose behaviour a test sets from outside.
#pragma once

#include <functional>
#include <limits>

#include "softac/env.h"

namespace softac::testing {

// Observation: (start + steps of the episode, last action[0]); reward: the number of the step in the episode. Infos:
// the start and twice it, of every moment; the number of the step, of steps.
class ToyEnv : public Env {
 public:
  ToyEnv() {
    spec_.id = "Toy-v0";
    spec_.obs_dim = 2;
    spec_.act_dim = 2;
    spec_.obs_low.assign(2, -std::numeric_limits<double>::infinity());
    spec_.obs_high.assign(2, std::numeric_limits<double>::infinity());
    spec_.act_low = {-1.0, 0.1};
    spec_.act_high = {3.0, 0.7};
    spec_.max_episode_steps = 5;
    spec_.description = "toy";
  }
  const EnvSpec& spec() const override { return spec_; }
  void reset(Rng& rng, std::span<double> obs) override {
    start_ = rng.uniform();
    steps_ = 0;
    obs[0] = start_;
    obs[1] = 0.0;
    if (on_reset) on_reset(obs);
  }
  StepResult step(std::span<const double> action, std::span<double> obs) override {
    ++steps_;
    last_action.assign(action.begin(), action.end());
    obs[0] = start_ + steps_;
    obs[1] = action[0];
    StepResult result{static_cast<double>(steps_), false, false};
    if (on_step) on_step(steps_, obs, result);
    return result;
  }
  int start_size() const override { return 1; }
  void reset_to(std::span<const double> state, std::span<double> obs) override {
    Rng unused;
    reset(unused, obs);
    obs[0] = start_ = state[0];
  }
  std::vector<InfoField> info_fields() const override { return {{"starts", 2, true}, {"steps", 0, false}}; }
  void info(std::span<double> out) const override {
    out[0] = start_;
    out[1] = 2.0 * start_;
    out[2] = steps_ > 0 ? steps_ : std::numeric_limits<double>::quiet_NaN();
  }

  std::function<void(std::span<double> obs)> on_reset;
  std::function<void(int step, std::span<double> obs, StepResult& result)> on_step;
  std::vector<double> last_action = {0.0, 0.0};
  EnvSpec spec_;

 private:
  double start_ = 0.0;
  int steps_ = 0;
};

// Several, and where they stay once a VecEnv has them.
struct Toys {
  std::vector<std::unique_ptr<Env>> envs;
  std::vector<ToyEnv*> toys;
  explicit Toys(int count) {
    for (int i = 0; i < count; ++i) {
      auto toy = std::make_unique<ToyEnv>();
      toys.push_back(toy.get());
      envs.push_back(std::move(toy));
    }
  }
};

}  // namespace softac::testing

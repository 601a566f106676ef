// Uses an installed softac from outside: an environment of its own, one of the table, and a policy.
#include <cmath>
#include <cstdio>
#include <vector>

#include "softac/agent.h"
#include "softac/config.h"
#include "softac/env.h"

namespace {

// x' = x + 0.1 a; the reward is −x².
class Line : public softac::Env {
 public:
  Line() {
    spec_.id = "Line-v0";
    spec_.obs_dim = spec_.act_dim = 1;
    spec_.obs_low = {-INFINITY};
    spec_.obs_high = {INFINITY};
    spec_.act_low = {-1.0};
    spec_.act_high = {1.0};
    spec_.max_episode_steps = 50;
  }
  const softac::EnvSpec& spec() const override { return spec_; }
  void reset(softac::Rng& rng, std::span<double> obs) override { obs[0] = x_ = rng.uniform(-1.0, 1.0); }
  softac::StepResult step(std::span<const double> action, std::span<double> obs) override {
    obs[0] = x_ += 0.1 * action[0];
    return {-x_ * x_, false, false};
  }

 private:
  softac::EnvSpec spec_;
  double x_ = 0.0;
};

// One episode of an untrained policy; returns the number of steps.
int play(const std::string& id) {
  const auto env = softac::make_env(id);
  const softac::EnvSpec& spec = env->spec();
  softac::SacConfig config;
  config.net_arch = {16};
  softac::SacAgent agent(spec.obs_dim, spec.act_dim, config, 0);

  const auto num_obs = static_cast<std::size_t>(spec.obs_dim), num_act = static_cast<std::size_t>(spec.act_dim);
  std::vector<double> obs(num_obs), action(num_act);
  std::vector<float> obs_f(num_obs), action_f(num_act);
  softac::Rng rng(0);
  env->reset(rng, obs);
  int steps = 0;
  for (bool done = false; !done && steps < spec.max_episode_steps; ++steps) {
    obs_f.assign(obs.begin(), obs.end());
    if (!agent.act(obs_f, 1, true, {}, action_f)) return -1;
    action.assign(action_f.begin(), action_f.end());
    const softac::StepResult result = env->step(action, obs);
    done = result.terminated || result.truncated;
  }
  return steps;
}

}  // namespace

int main(int argc, char** argv) {
  softac::register_env(
      {.id = "Line-v0", .description = "a point on a line", .family = "consumer", .arguments = {}},
      [](const softac::EnvKwargs&) -> std::unique_ptr<softac::Env> { return std::make_unique<Line>(); });
  std::printf("Line-v0: %d steps\n", play("Line-v0"));
  for (int i = 1; i < argc; ++i) std::printf("%s: %d steps\n", argv[i], play(argv[i]));
}

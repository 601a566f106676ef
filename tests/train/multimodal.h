// Trains a policy of K components on the tasks with two equally good solutions, and measures what it covers.
#pragma once

#include <cmath>
#include <vector>

#include "config/resolve.h"
#include "softac/boltzmann_target.h"
#include "softac/env.h"
#include "softac/trainer.h"

namespace softac {

// The shipped preset of the environment, trained to its end.
class MultimodalRun {
 public:
  MultimodalRun(const std::string& env_id, int components, std::uint64_t seed, const EnvKwargs& kwargs = {})
      : config_(config_of(env_id, components, seed, kwargs)), trainer_(config_, options()) {
    const TrainReport report = trainer_.run();
    SOFTAC_REQUIRE(report.reason == StopReason::finished, report.message);
  }
  SacAgent& agent() { return trainer_.agent(); }
  const TrainConfig& config() const { return config_; }
  double alpha() const { return config_.sac.ent_coef; }
  std::unique_ptr<Env> env() const { return make_env(config_.env_id, config_.env_kwargs); }

 private:
  static TrainConfig config_of(const std::string& env_id, int components, std::uint64_t seed, const EnvKwargs& kwargs) {
    ConfigRequest request;
    request.options.push_back({"env_id", env_id, "test"});
    TrainConfig config = resolve_config(request).config;
    config.env_kwargs = kwargs;
    config.sac.actor_components = components;
    config.seed = seed;
    config.threads = 1;
    config.eval_freq = 0;
    return config;
  }
  static TrainerOptions options() {
    TrainerOptions out;
    out.records = false;
    return out;
  }
  TrainConfig config_;
  Trainer trainer_;
};

// The rewards of TwoPeaks-v0, which are its Q: every episode is one step.
inline ActionValues bandit_values(Env& env) {
  return [&env](std::span<const double> actions, std::span<double> q) {
    const std::size_t dim = actions.size() / q.size();
    std::vector<double> obs(dim);
    for (std::size_t i = 0; i < q.size(); ++i) q[i] = env.step(actions.subspan(i * dim, dim), obs).reward;
  };
}

// π at the start of TwoPeaks-v0 against exp(r/α)/Z.
inline BoltzmannEstimate bandit_estimate(MultimodalRun& run) {
  const std::unique_ptr<Env> env = run.env();
  const std::vector<float> obs(static_cast<std::size_t>(env->spec().obs_dim), 0.0f);
  const PolicyParameters policy = run.agent().policy_at(obs);
  return boltzmann_by_quadrature({PolicyKind::squashed_gaussian, policy.mu, policy.log_std, policy.log_weight},
                                 bandit_values(*env), run.alpha(), env->spec().act_dim == 1 ? 512 : 128);
}

// Enough for the ways around the disc and the turns on each.
constexpr int kTwoWayComponents = 4;

// Where sampled actions lead in TwoWay-v0. left + right + neither = 1.
struct WayShares {
  double left = 0.0, right = 0.0, mean_return = 0.0;
  std::vector<std::vector<double>> paths;  // of the first episodes: x, y, x, y, …
};
inline WayShares two_way_shares(MultimodalRun& run, int episodes, int kept_paths = 0) {
  const std::unique_ptr<Env> env = run.env();
  Rng resets(17, StreamKind::test, 1);
  std::vector<Rng> noise = {Rng(17, StreamKind::test, 2)};
  std::vector<double> obs(2), action(2);
  std::vector<float> seen(2), chosen(2);
  WayShares out;
  for (int episode = 0; episode < episodes; ++episode) {
    env->reset(resets, obs);
    std::vector<double> path(obs);
    bool arrived = false;
    for (int step = 0; step < env->spec().max_episode_steps && !arrived; ++step) {
      std::copy(obs.begin(), obs.end(), seen.begin());
      SOFTAC_REQUIRE(run.agent().act(seen, 1, false, noise, chosen), step);
      std::copy(chosen.begin(), chosen.end(), action.begin());
      const StepResult result = env->step(action, obs);
      out.mean_return += result.reward / episodes;
      arrived = result.terminated;
      path.insert(path.end(), obs.begin(), obs.end());
    }
    if (arrived) (obs[0] < 0.0 ? out.left : out.right) += 1.0 / episodes;
    if (episode < kept_paths) out.paths.push_back(path);
  }
  return out;
}

}  // namespace softac

// Trains the discrete learner on a finite problem with one-hot observations and a fixed temperature, and measures its
// policy exactly.
#pragma once

#include <memory>
#include <vector>

#include "softac/exact.h"
#include "softac/learner.h"
#include "softac/problems.h"

namespace softac {

struct ExactTask {
  ExactProblem problem;
  double alpha, gamma;
  int max_episode_steps;
  int random_steps, steps;  // random ones: until every transition has been seen, or the policy goes on to new ones
  double learning_rate;
};
inline ExactTask lake_task() {
  return {frozen_lake(), 0.02, 0.99, 100, 25'000, 100'000, 1e-4};
}
inline ExactTask cliff_task() {
  return {cliff_walking(), 0.2, 0.9, 200, 60'000, 100'000, 5e-4};
}

struct ExactComparison {
  double optimal;  // soft return from the start
  double learned;  // of the learned policy
};

inline ExactComparison train_against_exact(const ExactTask& task, std::uint64_t seed) {
  SacConfig config;
  config.num_actions = static_cast<int>(task.problem.mdp.num_actions);
  config.net_arch = {64};
  config.activation_fn = Activation::tanh;
  config.n_critics = 1;
  config.batch_size = 128;
  config.gamma = task.gamma;
  config.tau = 0.01;
  config.learning_rate = task.learning_rate;
  config.ent_coef_auto = false;
  config.ent_coef = task.alpha;
  config.discrete_policy = DiscretePolicy::boltzmann;
  const auto num_states = static_cast<std::size_t>(task.problem.mdp.num_states);
  const auto num_actions = static_cast<std::size_t>(task.problem.mdp.num_actions);
  Learner learner(static_cast<int>(num_states), 1, config, {.buffer_size = 100'000, .seed = seed});
  const std::unique_ptr<Env> env = make_mdp_env(task.problem, task.max_episode_steps);
  Rng resets(seed, StreamKind::env);
  std::vector<double> row(num_states), action(1);
  std::vector<float> obs(num_states), next(num_states), chosen(1);
  env->reset(resets, row);
  std::copy(row.begin(), row.end(), obs.begin());
  int length = 0;
  for (int step = 0; step < task.steps; ++step) {
    if (step < task.random_steps) {
      learner.random_action(chosen);
    } else {
      learner.act(obs, chosen);
    }
    action[0] = 0.5 * (static_cast<double>(chosen[0]) + 1.0) * static_cast<double>(num_actions);
    const StepResult result = env->step(action, row);
    std::copy(row.begin(), row.end(), next.begin());
    const bool cut = ++length >= task.max_episode_steps && !result.terminated;
    learner.observe({.obs = obs,
                     .action = chosen,
                     .reward = static_cast<float>(result.reward),
                     .next_obs = next,
                     .terminated = result.terminated,
                     .truncated = cut});
    if (result.terminated || cut) {
      env->reset(resets, row);
      length = 0;
    }
    std::copy(row.begin(), row.end(), obs.begin());
    if (step >= 2000) learner.update();
  }
  std::vector<float> every(num_states * num_states, 0.0f), pi(num_states * num_actions);
  for (std::size_t s = 0; s < num_states; ++s) every[s * num_states + s] = 1.0f;
  learner.agent().action_probabilities(every, static_cast<int>(num_states), pi);
  std::vector<double> policy(pi.begin(), pi.end());
  for (std::size_t s = 0; s < num_states; ++s) {
    double sum = 0.0;
    for (std::size_t a = 0; a < num_actions; ++a) sum += policy[s * num_actions + a];
    for (std::size_t a = 0; a < num_actions; ++a) policy[s * num_actions + a] /= sum;
  }
  const SoftOptions options{.alpha = task.alpha, .gamma = task.gamma, .threads = 1};
  const SoftSolution best = solve_soft(task.problem.mdp, options);
  const PolicyValue found = evaluate_policy(task.problem.mdp, policy, options);
  ExactComparison out{0.0, 0.0};
  for (std::size_t s = 0; s < num_states; ++s) {
    out.optimal += task.problem.start[s] * best.v[s];
    out.learned += task.problem.start[s] * found.v[s];
  }
  return out;
}

}  // namespace softac

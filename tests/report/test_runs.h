// Small run histories by hand.
#pragma once

#include <cmath>
#include <string>

#include "run/run_history.h"

namespace softac::report {

inline void set(RunHistory& run, const std::string& name, const std::string& value) {
  for (RunSetting& setting : run.settings) {
    if (setting.name == name) setting.value = value;
  }
}

inline RunHistory test_run(const std::string& env, std::uint64_t seed) {
  RunHistory run;
  run.overview.dir = "runs/" + env + "_s" + std::to_string(seed);
  run.overview.env_id = env;
  run.overview.seed = seed;
  run.overview.state = RunCondition::finished;
  run.overview.step = run.overview.total_steps = 1000;
  const auto shift = static_cast<double>(seed);
  for (const auto& [step, value] : {std::pair{500, -1000.0}, std::pair{1000, -500.0 + shift}}) {
    RunEvaluation evaluation;
    evaluation.timestep = step;
    evaluation.mean_return = value;
    evaluation.std_return = 10.0;
    evaluation.mean_length = 200.0;
    evaluation.num_episodes = 5;
    evaluation.seconds = step / 100.0;
    run.evaluations.push_back(evaluation);
    run.overview.last_evaluation = run.overview.best_evaluation = evaluation;
    ++run.overview.num_evaluations;
  }
  const std::vector<std::int64_t> steps = {250, 500, 750, 1000};
  const std::vector<double> seconds = {2.5, 5, 7.5, 10};
  const auto add = [&](const char* name, std::vector<double> values) {
    run.series.push_back({name, steps, seconds, std::move(values)});
  };
  add("train/critic_loss", {10, 1, NAN, 0.1 + shift});
  add("train/entropy", {1, 0.5, 0, -0.5 - shift});
  add("train/target_entropy", {-1, -1, -1, -1});
  add("time/total_timesteps", {250, 500, 750, 1000});
  add("train/learning_rate", {1, 1, 1, 1});
  add("diag/strange", {1, 2, 3, 4});
  add("mine/own", {4, 3, 2, 1});
  run.settings = {{"env_id", "\"" + env + "\"", "command line"},
                  {"seed", std::to_string(seed), "--seed"},
                  {"threads", "1", "default"},
                  {"eval_freq", "500", "default"},
                  {"total_timesteps", "1000", "--steps"},
                  {"learning_rate", "0.001", "--set"},
                  {"learning_rate_schedule", "\"constant\"", "default"}};
  run.provenance = {{"softac_version", "0.1.0"}, {"libraries", {{"mujoco", "3.17.0"}}}, {"seed_of_test", seed}};
  return run;
}

}  // namespace softac::report

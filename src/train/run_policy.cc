#include "train/run_policy.h"

#include "agent/setting_checks.h"
#include "config/make_envs.h"
#include "softac/error.h"

namespace softac {

namespace {

void check_options(const EvaluateOptions& options) {
  SettingChecks checks;
  checks.range("episodes", options.episodes, 1, 1e6);
  check_execution(options.threads, options.backend, checks);
  check_model_choice(options.model, checks);
  checks.range("max_episode_steps", options.max_episode_steps, 0, 1e9);
  checks.range("max_time_sec", options.max_time_sec, 0, 1e12);
  refuse(checks.take());
}

}  // namespace

RunPolicy read_run_policy(const std::string& run_dir, const EvaluateOptions& options) {
  check_options(options);
  const RunConfig run = load_run_settings(run_dir, options.env_plugins, options.env_kwargs);
  RunPolicy policy = {run.resolved.config, read_run_model(run_dir, options.model), run.notes};
  if (options.max_episode_steps > 0) policy.config.eval_max_episode_steps = options.max_episode_steps;
  warn_of_mujoco(policy.model, policy.warnings);
  return policy;
}

std::unique_ptr<SacAgent> RunPolicy::make_agent(const EnvSpec& spec, const EvaluateOptions& options) const {
  auto agent = std::make_unique<SacAgent>(spec.obs_dim, spec.act_dim, agent_config(config, spec), config.seed,
                                          options.threads, options.backend);
  load_run_model(model, *agent);
  return agent;
}

EvalStats RunPolicy::begin_stats() const {
  EvalStats stats;
  stats.warnings = warnings;
  stats.model_path = model.path.string();
  stats.training_seed = config.seed;
  stats.step = model.step;
  return stats;
}

}  // namespace softac

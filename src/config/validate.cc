// Validation of a run's settings: every violation at once, with key, value and what is allowed (config/settings.h).
#include <algorithm>
#include <string>

#include "agent/setting_checks.h"
#include "base/nearest_match.h"
#include "config/setting_value.h"
#include "config/settings.h"

namespace softac {

std::vector<SettingViolation> validate(const TrainConfig& config) {
  SettingChecks checks;
  for_each_setting(config, checks);
  checks.rule(!config.env_id.empty(), {"env_id"}, "no environment is named");
  check_rules(config.sac, checks);
  checks.rule(
      config.sac.batch_size <= config.buffer_size, {"batch_size", "buffer_size"},
      std::to_string(config.sac.batch_size) + ": must be at most buffer_size = " + std::to_string(config.buffer_size));
  checks.rule(
      config.buffer_size / std::max(config.n_envs, 1) > config.sac.n_steps, {"buffer_size", "n_envs", "n_steps"},
      std::to_string(config.buffer_size) + ": must hold more than n_steps = " + std::to_string(config.sac.n_steps) +
          " steps of each of n_envs = " + std::to_string(config.n_envs) + " environments");
  checks.rule(config.total_timesteps >= config.n_envs, {"total_timesteps", "n_envs"},
              std::to_string(config.total_timesteps) + ": must be at least n_envs = " + std::to_string(config.n_envs));
  checks.rule(config.offline_data.empty() || config.offline_ratio > 0.0, {"offline_ratio", "offline_data"},
              "0: no row of a batch would come from offline_data = " + config.offline_data +
                  "; leave it out, or give a ratio above 0");
  checks.rule(!config.offline_data.empty() || config.offline_ratio == TrainConfig().offline_ratio, {"offline_ratio"},
              to_toml(config.offline_ratio) + ": is of no use without offline_data");
  static const std::vector<std::string> kBackends = {"", "reference", "portable", "avx2", "avx512"};
  checks.rule(std::find(kBackends.begin(), kBackends.end(), config.backend) != kBackends.end(), {"backend"},
              to_toml(config.backend) + ": must be reference, portable, avx2, avx512 or empty" +
                  did_you_mean(config.backend, kBackends));
  return checks.take();
}

}  // namespace softac

#include "report/groups.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace softac::report {
namespace {

constexpr std::array<std::string_view, 17> kNoPart = {"env_id",
                                                      "seed",
                                                      "threads",
                                                      "n_env_threads",
                                                      "backend",
                                                      "max_time_sec",
                                                      "env_timeout_sec",
                                                      "checkpoint_freq",
                                                      "checkpoint_replay",
                                                      "keep_checkpoints",
                                                      "eval_freq",
                                                      "n_eval_episodes",
                                                      "tensorboard",
                                                      "keep_checkpoints_every",
                                                      "log_interval_steps",
                                                      "diag_freq",
                                                      "env_plugins"};

using Settings = std::map<std::string, std::string>;

Settings parting_settings(const RunHistory& run) {
  Settings out;
  for (const RunSetting& setting : run.settings) {
    if (std::find(kNoPart.begin(), kNoPart.end(), setting.name) == kNoPart.end()) out[setting.name] = setting.value;
  }
  const auto schedule = out.find("learning_rate_schedule");
  if (schedule == out.end() || schedule->second == "\"constant\"") out.erase("total_timesteps");
  return out;
}

std::string value_of(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "–" : found->second;
}

}  // namespace

RunGroups group_runs(const std::vector<RunHistory>& runs) {
  RunGroups out;
  std::vector<Settings> settings;  // of each group
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string& env = runs[i].overview.env_id;
    if (std::find(out.envs.begin(), out.envs.end(), env) == out.envs.end()) out.envs.push_back(env);
    const Settings own = parting_settings(runs[i]);
    std::size_t g = 0;
    while (g < settings.size() && !(out.groups[g].env_id == env && settings[g] == own)) ++g;
    if (g == settings.size()) {
      settings.push_back(own);
      out.groups.push_back({env, "", {}});
    }
    out.groups[g].runs.push_back(i);
  }
  Settings names;
  for (const Settings& group : settings) names.insert(group.begin(), group.end());
  for (const auto& [name, value] : names) {
    Difference difference{name, {}};
    for (const Settings& group : settings) difference.values.push_back(value_of(group, name));
    const auto& values = difference.values;
    if (std::any_of(values.begin(), values.end(), [&](const std::string& v) { return v != values[0]; }))
      out.differences.push_back(std::move(difference));
  }
  for (std::size_t g = 0; g < out.groups.size(); ++g) {
    std::string& label = out.groups[g].label;
    if (out.envs.size() > 1 || out.differences.empty()) label = out.groups[g].env_id;
    for (const Difference& difference : out.differences)
      label += (label.empty() ? "" : ", ") + difference.name + " = " + difference.values[g];
  }
  return out;
}

}  // namespace softac::report

#include "config/differences.h"

#include <filesystem>
#include <set>

#include "config/fields.h"
#include "config/input_files.h"
#include "config/planned_updates.h"

namespace softac {
namespace {

std::string kwarg_text(const EnvKwargs& kwargs, const std::string& name) {
  const auto found = kwargs.find(name);
  if (found == kwargs.end()) return "its default";
  std::vector<SettingEntry> entry = {
      {"env_kwargs." + name, std::visit([](const auto& value) { return SettingValue(value); }, found->second), ""}};
  make_paths_absolute(entry, std::filesystem::current_path());  // earlier runs kept paths as they were given
  return to_toml(entry[0].value);
}

TrainConfig with_horizon(TrainConfig config) {
  SacConfig& sac = config.sac;
  if (sac.learning_rate_schedule != LearningRateSchedule::constant && sac.learning_rate_steps == 0)
    sac.learning_rate_steps = planned_updates(config);
  return config;
}

}  // namespace

std::vector<SettingDifference> setting_differences(const TrainConfig& wanted, const TrainConfig& of_run) {
  std::vector<SettingDifference> out;
  const auto a = setting_texts(with_horizon(wanted)), b = setting_texts(with_horizon(of_run));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].value != b[i].value)
      out.push_back({std::string(a[i].info.name), a[i].value, b[i].value, a[i].info.change});
  }
  std::set<std::string> names;
  for (const EnvKwargs* kwargs : {&wanted.env_kwargs, &of_run.env_kwargs}) {
    for (const auto& [name, value] : *kwargs) names.insert(name);
  }
  for (const std::string& name : names) {
    const std::string x = kwarg_text(wanted.env_kwargs, name), y = kwarg_text(of_run.env_kwargs, name);
    if (x != y) out.push_back({"env_kwargs." + name, x, y, SettingChange::in_fork});
  }
  return out;
}

}  // namespace softac

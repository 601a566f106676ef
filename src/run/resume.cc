#include "run/resume.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "config/fields.h"
#include "config/resolve.h"
#include "config/toml_file.h"
#include "formats/strict_json.h"
#include "run/run_dir.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxStatusBytes = 1 << 20;

std::string kwarg_text(const EnvKwargs& kwargs, const std::string& name) {
  const auto found = kwargs.find(name);
  if (found == kwargs.end()) return "its default";
  return to_toml(std::visit([](const auto& value) { return SettingValue(value); }, found->second));
}

bool is_finished(FileSystem& fs, const Path& run) {
  const Path path = run / "status.json";
  if (fs.kind(path) != FileKind::file) return false;
  try {
    const Json status = parse_json(fs.read_text(path, kMaxStatusBytes), kMaxJsonDepth);
    return status.at("state").get<std::string>() == "finished";
  } catch (const JsonError&) {
    return false;
  }
}

}  // namespace

std::vector<std::string> setting_differences(const TrainConfig& wanted, const TrainConfig& of_run, bool strict) {
  std::set<std::string, std::less<>> free = {"threads", "backend", "n_env_threads", "max_time_sec"};
  // The planned updates are the horizon of a schedule that sets none.
  const bool planned =
      of_run.sac.learning_rate_schedule != LearningRateSchedule::constant && of_run.sac.learning_rate_steps == 0;
  if (!strict && !planned) free.insert("total_timesteps");
  std::vector<std::string> out;
  const auto a = setting_texts(wanted), b = setting_texts(of_run);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].value == b[i].value || free.contains(a[i].info.name)) continue;
    out.push_back(std::string(a[i].info.name) + " = " + a[i].value + ", the run has " + b[i].value);
  }
  std::set<std::string> names;
  for (const EnvKwargs* kwargs : {&wanted.env_kwargs, &of_run.env_kwargs}) {
    for (const auto& [name, value] : *kwargs) names.insert(name);
  }
  for (const std::string& name : names) {
    const std::string x = kwarg_text(wanted.env_kwargs, name), y = kwarg_text(of_run.env_kwargs, name);
    if (x != y) out.push_back("env_kwargs." + name + " = " + x + ", the run has " + y);
  }
  return out;
}

bool is_run(FileSystem& fs, const Path& path) {
  return fs.kind(path / "config.toml") == FileKind::file;
}

std::string find_unfinished_run(FileSystem& fs, const std::string& runs_root, const TrainConfig& config) {
  const Path parent = Path(runs_root) / run_folder_name(config.env_id) / "sac";
  if (!fs.is_directory(parent)) return {};
  std::vector<std::string> names = fs.list(parent);
  std::ranges::sort(names, [](const std::string& a, const std::string& b) {  // ".10" after ".9"
    const auto key = [](const std::string& name) {
      const std::size_t dot = std::min(name.find('.'), name.size());
      return std::tuple(name.substr(0, 15), name.size() - dot, name.substr(dot));
    };
    return key(a) > key(b);
  });
  for (const std::string& name : names) {
    const Path run = parent / name;
    try {
      if (!is_run(fs, run) || is_finished(fs, run)) continue;
      if (!setting_differences(
               config,
               parse_run_config(fs.read_text(run / "config.toml", kMaxTomlBytes), (run / "config.toml").string())
                   .config,
               true)
               .empty())
        continue;
      const auto lock = fs.lock(run / kRunLockName);
      return run.string();
    } catch (const Error&) {
      continue;  // another process works on it, or it cannot be read: not one to resume
    }
  }
  return {};
}

}  // namespace softac

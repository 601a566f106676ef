#include "run/resume.h"

#include <algorithm>
#include <tuple>

#include "base/atomic_file.h"
#include "base/json.h"
#include "config/toml_file.h"
#include "formats/strict_json.h"
#include "run/build_info.h"
#include "run/run_dir.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxStatusBytes = 1 << 20;
constexpr std::uint64_t kMaxResumptionsBytes = 1 << 30;

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

std::vector<SettingDifference> run_differences(const TrainConfig& wanted, const ResolvedConfig& run,
                                               const std::vector<InputFile>& now, bool allow_changed) {
  std::vector<SettingDifference> out = setting_differences(wanted, run.config);
  std::vector<std::string> known = compare_input_files(run.inputs, now).same;
  if (allow_changed) {
    for (const InputFile& input : run.inputs) known.push_back(input.setting);
  }
  for (SettingDifference& difference : out) {
    if (std::ranges::find(known, difference.name) != known.end()) difference.change = SettingChange::on_resume;
  }
  return out;
}

void refuse_on_resume(const std::string& run, const std::vector<SettingDifference>& differences) {
  std::string wrong;
  for (const SettingDifference& difference : differences) {
    if (difference.change == SettingChange::on_resume) continue;
    wrong += "\n  " + difference.text();
    if (difference.change == SettingChange::in_new_run) wrong += " (not in a fork either: a new run alone can)";
    if (difference.name == "learning_rate_steps")
      wrong +=
          " (the updates that total_timesteps plans; learning_rate_steps=" + difference.of_run + " keeps the schedule)";
  }
  if (wrong.empty()) return;
  throw ConfigError(run +
                    ": a run resumes under the settings that it learns by; `softac train --fork RUN` starts a new "
                    "run from its checkpoint with others:" +
                    wrong);
}

bool is_run(FileSystem& fs, const Path& path) {
  return fs.kind(path / "config.toml") == FileKind::file;
}

UnfinishedRun find_unfinished_run(FileSystem& fs, const std::string& runs_root, const TrainConfig& config) {
  UnfinishedRun found;
  const Path parent = Path(runs_root) / run_folder_name(config.env_id) / "sac";
  if (!fs.is_directory(parent)) return found;
  std::vector<std::string> names = fs.list(parent);
  std::ranges::sort(names, [](const std::string& a, const std::string& b) {  // ".10" after ".9"
    const auto key = [](const std::string& name) {
      const std::size_t dot = std::min(name.find('.'), name.size());
      return std::tuple(name.substr(0, 15), name.size() - dot, name.substr(dot));
    };
    return key(a) > key(b);
  });
  const std::vector<InputFile> inputs = input_files(config);
  for (const std::string& name : names) {
    const Path run = parent / name, config_path = run / "config.toml";
    try {
      if (!is_run(fs, run)) continue;
      const ResolvedConfig saved = parse_run_config(fs.read_text(config_path, kMaxTomlBytes), config_path.string());
      const auto resumes = [](const SettingDifference& d) { return d.change == SettingChange::on_resume; };
      if (!std::ranges::all_of(run_differences(config, saved, inputs), resumes)) continue;
      if (is_finished(fs, run)) {
        if (found.finished.empty()) found.finished = run.string();
        continue;
      }
      const auto lock = lock_run(fs, run);
      found.path = run.string();
      return found;
    } catch (const Error&) {
      continue;  // another process works on it, or it cannot be read: not one to resume
    }
  }
  return found;
}

void record_resumption(FileSystem& fs, const Path& run_dir, const Resumption& resumption) {
  Json line = {{"time", utc_text(resumption.wall_time_sec)},
               {"step", resumption.step},
               {"checkpoint", resumption.checkpoint},
               {"command", resumption.command},
               {"softac_version", softac_version()},
               {"commit", softac_commit()},
               {"backend", resumption.backend},
               {"threads", resumption.threads},
               {"changed", Json::array()},
               {"changed_files", resumption.changed_files}};
  for (const SettingDifference& difference : resumption.changed)
    line["changed"].push_back({{"setting", difference.name}, {"from", difference.of_run}, {"to", difference.wanted}});
  // Replaced as a whole: a line is there or not.
  const Path path = run_dir / "resumptions.jsonl";
  const std::string before = fs.exists(path) ? fs.read_text(path, kMaxResumptionsBytes) : "";
  write_file_atomic(fs, path, before + line.dump() + "\n");
}

}  // namespace softac

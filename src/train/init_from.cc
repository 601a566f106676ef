#include "train/init_from.h"

#include "config/differences.h"
#include "config/resolve.h"
#include "config/toml_file.h"
#include "run/checkpoint.h"
#include "run/run_dir.h"
#include "softac/error.h"

namespace softac {
namespace {

// The settings that shape networks and differ, a line each; "" where there are none, or the other run's are not known.
std::string shaping_differences(FileSystem& fs, const Path& run, const TrainConfig& config) {
  std::string out;
  try {
    const Path path = run / "config.toml";
    const TrainConfig other = parse_run_config(fs.read_text(path, kMaxTomlBytes), path.string()).config;
    for (const SettingDifference& difference : setting_differences(config, other)) {
      if (difference.change != SettingChange::in_new_run || difference.name == "seed" || difference.name == "n_envs")
        continue;
      out += "\n  " + difference.text();
    }
  } catch (const Error&) {  // what is wrong with the networks is said anyway
    out.clear();
  }
  return out;
}

}  // namespace

void load_initial_networks(FileSystem& fs, const std::string& run, Training& training) {
  require_run_dir(fs, run);
  const ChosenFile from = read_chosen(fs, Path(run) / "checkpoints", {}, "model.safetensors");
  const std::string path = from.path.string();
  const TensorFile file = decode_safetensors(from.bytes, path);
  try {
    load_tensors(training.agent.model_tensors(), file, path);
  } catch (const IoError&) {
    const std::string differences = shaping_differences(fs, run, training.config);
    if (differences.empty()) throw;
    throw IoError("init_from " + run + ": its networks are not those of these settings:" + differences);
  }
}

}  // namespace softac

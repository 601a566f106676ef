#include "train/forking.h"

#include <algorithm>
#include <array>

#include "base/elementary_scalar.h"
#include "softac/error.h"
#include "train/snapshot.h"

namespace softac {
namespace {

// log α as in a new run, its moments 0.
void restart_temperature(SacAgent& agent) {
  const SacConfig& config = agent.config();
  const std::array<float, 1> start = {config.ent_coef_auto ? log_of(static_cast<float>(config.ent_coef)) : 0.0f},
                             zero{};
  for (const TensorRef& tensor : agent.model_tensors()) {
    if (tensor.name == "log_ent_coef") tensor.write(start);
  }
  for (const TensorRef& tensor : agent.optimizer_tensors()) {
    if (tensor.name.ends_with(".log_ent_coef")) tensor.write(zero);
  }
}

}  // namespace

void begin_fork(FileSystem& fs, const CheckpointInfo& checkpoint, const std::vector<SettingDifference>& differences,
                Training& training, ReplayLog* replay_log, std::vector<std::string>& notes) {
  const Path replay_dir = Path(checkpoint.path).parent_path().parent_path() / "replay";
  RunState state;
  try {
    state = load_checkpoint(fs, replay_dir, checkpoint, training, replay_log, notes);
  } catch (const IoError& error) {
    std::string names;
    for (const SettingDifference& difference : differences) {
      if (difference.change == SettingChange::in_fork) names += (names.empty() ? "" : ", ") + difference.name;
    }
    if (names.empty() || !fs.exists(checkpoint.path)) throw;
    throw ConfigError("the checkpoint does not fit what has changed (" + names + "): " + error.what());
  }
  training.statistics.begin_records();
  training.clock.restore(state.step, 0.0);
  training.num_rollbacks = 0;
  if (std::ranges::any_of(differences, [](const SettingDifference& d) { return d.name == "ent_coef"; }))
    restart_temperature(training.agent);
}

}  // namespace softac

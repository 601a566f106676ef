// Recorded data of any kind, read episode by episode: what `offline_data` names and `softac data info` prints.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.h"
#include "config/offline_files.h"
#include "formats/data_episode.h"

namespace softac {

struct DatasetShape {
  OfflineKind kind = OfflineKind::segments;
  std::string env_id;  // that the data say they are of; "" = they do not
  int obs_dim = 0, act_dim = 0;
  std::int64_t episodes = 0, transitions = 0;
  // Actions are in [−1, 1]^A, as a policy of softac gave them; else in the environment's units, discrete ones as whole
  // numbers.
  bool policy_actions = false;
};

// begin: before the first episode; then each of them. Throws IoError (missing, damaged; names the file and the numbers)
// and what begin and episode throw. Numbers may be anything, also NaN.
void read_dataset(FileSystem& fs, const Path& path, const std::function<void(const DatasetShape&)>& begin,
                  const std::function<void(const DataEpisode&)>& episode);

}  // namespace softac

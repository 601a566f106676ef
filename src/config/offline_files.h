// Where the data of `offline_data` lie: which files a path stands for.
#pragma once

#include <vector>

#include "base/file_system.h"

namespace softac {

enum class OfflineKind {
  minari,      // main_data.hdf5
  segments,    // replay segments, in their order
  checkpoint,  // the manifest of a run's checkpoint, which names segments
};

struct OfflineSource {
  OfflineKind kind = OfflineKind::segments;
  std::vector<Path> files;  // whose contents decide what is learnt; at least one
  Path description;         // dataset.json, metadata.json or the run's config.toml; "" = none
};

// What `softac data record` calls the parts of a dataset.
inline constexpr const char* kDatasetFile = "dataset.json";
inline constexpr const char* kDatasetReplay = "replay";
inline constexpr const char* kDatasetMinari = "data";

// path: a dataset of `softac data record`, a folder with replay segments, one segment, a run (its newest checkpoint), a
// checkpoint, a dataset of Minari, its folder `data`, or its file. Throws IoError that says what is there instead.
OfflineSource find_offline_source(FileSystem& fs, const Path& path);

}  // namespace softac

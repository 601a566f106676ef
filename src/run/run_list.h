// The runs below a folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/run_overview.h"

namespace softac {

// A run directory, or what is left of one.
struct ListedRun {
  RunOverview overview;  // where it is broken: dir alone
  std::string error;     // why it cannot be read; "" where it can
};

struct RunList {
  std::vector<ListedRun> runs;  // by path; folders that cannot be opened are broken too
  // Of the Python package, which are not read: folders with config.json, the logs of its models, and saved models.
  std::int64_t num_python_models = 0, num_saved_models = 0;
};

// Looks into `root` and every folder below it; links to folders are not followed, nor does anything lie inside a run.
// `root` may be a run itself. A folder that appears or goes meanwhile is no error. Throws IoError if there is no folder
// `root`.
RunList list_runs(FileSystem& fs, const Path& root);

// Bytes of all files in a folder and below, links not followed; what goes meanwhile does not count.
std::uint64_t folder_bytes(FileSystem& fs, const Path& dir);

}  // namespace softac

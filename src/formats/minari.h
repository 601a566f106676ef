// Minari's datasets (Farama Foundation, versions 0.4 and 0.5): a folder with main_data.hdf5, which has a group
// episode_N for each episode, and metadata.json. https://minari.farama.org
//
// Read are `observations` (n + 1, O), `actions` (n, A) or (n), `rewards`, `terminations` and `truncations` (n) of each
// episode, numbers of any width; `infos` are not looked at. Observations that are groups (spaces of the kinds Dict and
// Tuple), pictures and texts are refused, and so are links to other files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "formats/data_episode.h"

namespace softac {

inline constexpr const char* kMinariFile = "main_data.hdf5";
inline constexpr const char* kMinariMetadata = "metadata.json";

// Whether softac was built with HDF5, and what it says where it was not.
bool has_minari();
std::string minari_missing_text();

struct MinariShape {
  std::int64_t episodes = 0, transitions = 0;
  int obs_dim = 0, act_dim = 0;
};

// begin: with the sums over all episodes, before any is read; then each episode, in the order of its number. The file
// is read in a copy of this process, so that a damaged one harms nothing. Throws IoError that names the file, the
// episode and the numbers where it is no such file; what begin and episode throw.
void read_minari(const Path& file, const std::function<void(const MinariShape&)>& begin,
                 const std::function<void(const DataEpisode&)>& episode);

// What metadata.json says of the environment; "" where there is none or it does not say.
std::string minari_env_id(FileSystem& fs, const Path& metadata);

// A dataset to write.
struct MinariDataset {
  std::string env_id;
  std::vector<double> obs_low, obs_high;  // (O)
  std::vector<double> act_low, act_high;  // (A)
  int num_actions = 0;                    // 0: continuous; else actions are whole numbers below it
};
// The bytes of main_data.hdf5 (numbers as float32, discrete actions as int64) and metadata.json. Throws IoError.
std::vector<std::byte> encode_minari(const MinariDataset& dataset, std::span<const DataEpisode> episodes);
std::string minari_metadata(const MinariDataset& dataset, std::span<const DataEpisode> episodes, std::uint64_t bytes);

}  // namespace softac

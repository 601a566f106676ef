// Builds without libhdf5.
#include "formats/minari.h"
#include "softac/error.h"

namespace softac {

bool has_minari() {
  return false;
}

std::string minari_missing_text() {
  return "this softac was built without HDF5, which Minari's datasets need: apt-get install libhdf5-dev, and build "
         "again";
}

void read_minari(const Path& file, const std::function<void(const MinariShape&)>&,
                 const std::function<void(const DataEpisode&)>&) {
  throw IoError(file.string() + ": " + minari_missing_text());
}

std::vector<std::byte> encode_minari(const MinariDataset&, std::span<const DataEpisode>) {
  throw IoError(minari_missing_text());
}

}  // namespace softac

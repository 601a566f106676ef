// Whatever the bytes of an HDF5 file are, reading it ends in episodes of finite size or IoError: what damage does to
// libhdf5 stays in a copy of this process. (So libFuzzer would see nothing of it: the kept files and their damaged
// copies are all that is tried.)
#include "formats/minari.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "softac/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("main_data.hdf5", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  std::int64_t left = 0;
  try {
    softac::read_minari(
        "/proc/self/fd/" + std::to_string(file), [&](const softac::MinariShape& shape) { left = shape.transitions; },
        [&](const softac::DataEpisode& episode) { left -= episode.steps; });
    if (left != 0) std::abort();
  } catch (const softac::IoError&) {
  }
  close(file);
  return 0;
}

// Whatever the bytes are, reading them gives IoError or arrays that write and read back as themselves.
#include "formats/npz.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  // Most of the input's variety lies in the array headers, which the archive's checksums hide: try them directly as
  // well.
  try {
    const softac::Tensor tensor = softac::decode_npy(bytes, "input");
    if (softac::decode_npy(softac::encode_npy(tensor), "again") != tensor) std::abort();
  } catch (const softac::IoError&) {
  }
  softac::NpzFile file;
  try {
    file = softac::decode_npz(bytes, "input");
  } catch (const softac::IoError&) {
    return 0;
  }
  if (softac::decode_npz(softac::encode_npz(file), "again") != file) std::abort();
  return 0;
}

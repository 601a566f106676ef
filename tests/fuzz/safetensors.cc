// Whatever the bytes are, reading them gives IoError or a file that writes and reads back as itself.
#include "formats/safetensors.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  softac::TensorFile file;
  try {
    file = softac::decode_safetensors(std::as_bytes(std::span(data, size)), "input");
  } catch (const softac::IoError&) {
    return 0;
  }
  if (softac::decode_safetensors(softac::encode_safetensors(file), "again") != file) std::abort();
  return 0;
}

// Whatever a settings file or --set says, reading it gives settings, IoError or ConfigError.
#include <cstdint>

#include "config/toml_file.h"
#include "softac/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    softac::parse_toml_settings(text, "input", "fuzz");
  } catch (const softac::IoError&) {
  }
  try {
    softac::parse_key_value(text, "fuzz");
  } catch (const softac::ConfigError&) {
  }
  return 0;
}

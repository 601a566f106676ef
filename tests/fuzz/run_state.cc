// Whatever the text is, it is refused with IoError or a state that writes and reads back as itself.
#include "run/run_state.h"

#include <cstdlib>

#include "softac/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  softac::RunState state;
  try {
    state = softac::parse_run_state({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const softac::IoError&) {
    return 0;
  }
  const std::string text = softac::to_json(state);
  if (softac::to_json(softac::parse_run_state(text, "again")) != text) std::abort();
  return 0;
}

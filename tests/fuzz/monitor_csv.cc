// Whatever the head of a monitor file is, reading it gives IoError or a finite time that is written and read back as
// itself.
#include "formats/monitor_csv.h"

#include <cmath>
#include <cstdlib>

#include "formats/number_text.h"
#include "softac/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  double start = 0.0;
  try {
    start = softac::parse_monitor_start({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const softac::IoError&) {
    return 0;
  }
  std::string again = "#{\"t_start\": ";
  softac::append_json_number(again, start);
  if (!std::isfinite(start) || softac::parse_monitor_start(again + "}\n", "again") != start) std::abort();
  return 0;
}

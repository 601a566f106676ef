// Arbitrary bytes as a figure in JSON: IoError, or a drawing without a number that is none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "figure/chart_json.h"
#include "softac/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string svg = softac::figure::draw(softac::figure::figure_from_json(text, "fuzz"));
    for (const char* part : {"=\"nan", "=\"-nan", "=\"inf", "=\"-inf"}) {
      if (svg.find(part) != std::string::npos) std::abort();
    }
  } catch (const softac::IoError&) {
  }
  return 0;
}

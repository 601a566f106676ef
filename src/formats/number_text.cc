#include "formats/number_text.h"

#include <cmath>

#include "base/json.h"

namespace softac {

void append_json_string(std::string& out, std::string_view text) {
  out += Json(text).dump();
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
  } else if (value == 0.0 && std::signbit(value)) {
    out += "-0.0";  // a reader may take -0 for the integer 0
  } else {
    append_number(out, value);
  }
}

}  // namespace softac

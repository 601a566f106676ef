#include "formats/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace softac {

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {  // the sign of a NaN says nothing
    out += "nan";
    return;
  }
  std::array<char, 32> text;  // the shortest form has at most 24 characters
  const bool whole = std::fabs(value) < 0x1p53 && value == std::trunc(value);
  char* const limit = text.data() + text.size();
  const auto end = whole ? std::to_chars(text.data(), limit, value, std::chars_format::fixed).ptr
                         : std::to_chars(text.data(), limit, value).ptr;
  out.append(text.data(), end);
}

void append_json_string(std::string& out, std::string_view text) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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

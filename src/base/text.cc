#include "base/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>

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

std::string number_text(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < std::size(kUnits)) {
    value /= 1024.0;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.2f %s", value, kUnits[unit]);
  return text;
}

}  // namespace softac

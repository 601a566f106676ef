// Numbers as text that reads back to the same double.
#pragma once

#include <string>
#include <string_view>

namespace softac {

// Appends the shortest text that reads back exactly; whole numbers below 2^53 without exponent ("100000", not "1e+05").
// NaN and infinities as Python writes them: nan, inf, -inf.
void append_number(std::string& out, double value);

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// The same as a JSON number; null for NaN and infinities, which JSON does not have.
void append_json_number(std::string& out, double value);

}  // namespace softac

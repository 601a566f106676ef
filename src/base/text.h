// Numbers and sizes as messages, files and documents write them.
#pragma once

#include <cstdint>
#include <string>

namespace softac {

// Appends the shortest text that reads back exactly; whole numbers below 2^53 without exponent ("100000", not "1e+05").
// NaN and infinities as Python writes them: nan, inf, -inf.
void append_number(std::string& out, double value);
std::string number_text(double value);

// "1.47 GiB"
std::string bytes_text(std::uint64_t bytes);

}  // namespace softac

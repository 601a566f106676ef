// Numbers and texts as JSON has them.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace softac {

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// Appends a number, as append_number does; null for NaN and infinities, which JSON does not have.
void append_json_number(std::string& out, double value);

}  // namespace softac

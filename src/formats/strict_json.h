// JSON as softac's own files hold it: one value without duplicate keys, not deeply nested, nothing behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace softac {

constexpr int kMaxJsonDepth = 16;

// Throws IoError that names `source` and what is wrong: not JSON (trailing bytes included), a key that appears twice in
// one object, or more than kMaxJsonDepth levels.
Json parse_strict_json(std::string_view text, const std::string& source);

// A whole number from 0 to 2^62 − 1: steps, bytes, records. Anything else, 1e3 and 2.0 included, throws IoError that
// names `what`.
std::int64_t json_count(const Json& value, const std::string& what);

}  // namespace softac

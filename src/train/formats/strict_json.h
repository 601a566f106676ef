// JSON as softac's own files hold it: one value without duplicate keys, not deeply nested, nothing behind it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace softac {

constexpr int kMaxJsonDepth = 16;

// Throws IoError that names `source` and what is wrong: not JSON (trailing bytes included), a key that appears twice in
// one object, or more than kMaxJsonDepth levels.
nlohmann::json parse_strict_json(std::string_view text, const std::string& source);

}  // namespace softac

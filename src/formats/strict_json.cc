#include "formats/strict_json.h"

#include "softac/error.h"

namespace softac {

Json parse_strict_json(std::string_view text, const std::string& source) {
  try {
    return parse_json(text, kMaxJsonDepth);
  } catch (const JsonError& error) {
    throw IoError(source + ": " + error.what());
  }
}

std::int64_t json_count(const Json& value, const std::string& what) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 62 != 0)
    throw IoError(what + ": expected a whole number of at least 0");
  return value.get<std::int64_t>();
}

}  // namespace softac

#include "formats/strict_json.h"

#include <set>
#include <vector>

#include "softac/error.h"

namespace softac {

nlohmann::json parse_strict_json(std::string_view text, const std::string& source) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto look = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (depth >= kMaxJsonDepth && (event == Event::object_start || event == Event::array_start))
      throw IoError(source + ": nested more than " + std::to_string(kMaxJsonDepth) + " levels deep");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get_ref<const std::string&>()).second)
      throw IoError(source + ": the key \"" + value.get_ref<const std::string&>() + "\" appears twice");
    return true;
  };
  try {
    return nlohmann::json::parse(text, look);
  } catch (const nlohmann::json::exception& error) {
    throw IoError(source + ": not JSON: " + error.what());
  }
}

std::int64_t json_count(const nlohmann::json& value, const std::string& what) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 62 != 0)
    throw IoError(what + ": expected a whole number of at least 0");
  return value.get<std::int64_t>();
}

}  // namespace softac

#include "run/noise_runs_json.h"

#include "formats/strict_json.h"
#include "softac/error.h"

namespace softac {

Json noise_runs_json(const std::vector<NoiseRun>& runs) {
  Json out = Json::array();
  for (const NoiseRun& run : runs) out.push_back(Json{run.start, run.number, run.left});
  return out;
}

std::vector<NoiseRun> parse_noise_runs(const Json& json, const std::string& where) {
  const auto fail = [&]() { throw IoError(where + ": expected a list of [start, number, left], all at least 0"); };
  if (!json.is_array()) fail();
  std::vector<NoiseRun> out;
  for (const Json& run : json) {
    std::vector<std::uint64_t> values;
    for (const Json& value : run.is_array() ? run.list() : Json::Array{}) {
      if (!value.is_number_unsigned()) fail();
      values.push_back(value.get<std::uint64_t>());
    }
    if (values.size() != 3) fail();
    out.push_back({values[0], values[1], values[2]});
  }
  return out;
}

}  // namespace softac

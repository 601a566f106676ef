// The JSON header of a safetensors file, parsed event by event, so that hostile input costs no more than its size.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tensor.h"

namespace softac {

inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;  // bytes, the limit of the safetensors package
inline constexpr std::size_t kMaxSafetensorsRank = 32;
inline constexpr std::string_view kSafetensorsMetadataKey = "__metadata__";

struct SafetensorsEntry {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // byte range within the data, as the header claims
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // distinct names
  std::map<std::string, std::string> metadata;
};

// Checks the structure, not the byte ranges. Throws IoError with the byte offset of what is wrong.
SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& source);

}  // namespace softac

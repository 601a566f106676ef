#include "formats/safetensors.h"

#include <algorithm>
#include <utility>

#include "base/atomic_file.h"
#include "formats/byte_order.h"
#include "formats/number_text.h"
#include "formats/safetensors_header.h"

namespace softac {

std::vector<std::byte> encode_safetensors(const TensorFile& file) {
  using Entry = std::pair<const std::string, Tensor>;
  std::vector<const Entry*> order;
  for (const Entry& entry : file.tensors) {
    const auto& [name, tensor] = entry;
    SOFTAC_REQUIRE(name != kSafetensorsMetadataKey, name);
    const auto count = num_elements(tensor.shape);
    SOFTAC_REQUIRE(
        count >= 0 && static_cast<std::uint64_t>(count) * tensor_type_size(tensor.type) == tensor.data.size(), name,
        shape_text(tensor.shape), tensor.data.size());
    order.push_back(&entry);
  }
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return tensor_type_size(a->second.type) > tensor_type_size(b->second.type);
  });

  std::string header = "{";
  const char* separator = "";
  if (!file.metadata.empty()) {
    append_json_string(header, kSafetensorsMetadataKey);
    header += ":{";
    for (const auto& [key, value] : file.metadata) {
      header += std::exchange(separator, ",");
      append_json_string(header, key);
      header += ':';
      append_json_string(header, value);
    }
    header += '}';
    separator = ",";
  }
  std::size_t offset = 0;
  for (const Entry* entry : order) {
    const auto& [name, tensor] = *entry;
    header += std::exchange(separator, ",");
    append_json_string(header, name);
    header.append(":{\"dtype\":\"").append(tensor_type_name(tensor.type)).append("\",\"shape\":[");
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      header.append(i > 0 ? "," : "").append(std::to_string(tensor.shape[i]));
    const std::size_t end = offset + tensor.data.size();
    header.append("],\"data_offsets\":[")
        .append(std::to_string(offset))
        .append(",")
        .append(std::to_string(end))
        .append("]}");
    offset = end;
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the data start at a multiple of eight

  std::vector<std::byte> bytes;
  bytes.reserve(8 + header.size() + offset);
  append_little_endian(bytes, static_cast<std::uint64_t>(header.size()));
  const auto text = std::as_bytes(std::span(header));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const Entry* entry : order) bytes.insert(bytes.end(), entry->second.data.begin(), entry->second.data.end());
  return bytes;
}

TensorFile decode_safetensors(std::span<const std::byte> bytes, const std::string& source) {
  const auto fail = [&](const std::string& what) { throw IoError(source + ": not a safetensors file: " + what); };
  if (bytes.size() < 8) fail("it has " + std::to_string(bytes.size()) + " bytes, expected at least 8");
  const auto header_size = read_little_endian<std::uint64_t>(bytes, 0);
  if (header_size > kMaxSafetensorsHeader || header_size > bytes.size() - 8) {
    fail("the header length at byte 0 is " + std::to_string(header_size) + ", expected at most " +
         std::to_string(std::min<std::uint64_t>(kMaxSafetensorsHeader, bytes.size() - 8)));
  }
  const auto data = bytes.subspan(8 + header_size);
  SafetensorsHeader header = parse_safetensors_header(
      {reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(header_size)}, source);

  // The byte ranges, in order, must fill the data exactly.
  std::vector<SafetensorsEntry*> order;
  for (auto& entry : header.entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
  std::uint64_t offset = 0;
  for (const auto* entry : order) {
    const auto count = num_elements(entry->shape);
    const std::size_t element = tensor_type_size(entry->type);
    if (entry->begin != offset || entry->end < entry->begin || entry->end > data.size()) {
      fail("tensor \"" + entry->name + "\" has the bytes [" + std::to_string(entry->begin) + ", " +
           std::to_string(entry->end) + "), expected a range from " + std::to_string(offset) + " within " +
           std::to_string(data.size()));
    }
    const std::uint64_t length = entry->end - entry->begin;
    if (count < 0 || length % element != 0 || length / element != static_cast<std::uint64_t>(count)) {
      fail("tensor \"" + entry->name + "\" of type " + std::string(tensor_type_name(entry->type)) + " and shape " +
           shape_text(entry->shape) + " has " + std::to_string(length) + " bytes");
    }
    offset = entry->end;
  }
  if (offset != data.size()) {
    fail("the data have " + std::to_string(data.size()) + " bytes, the tensors " + std::to_string(offset));
  }

  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (auto& entry : header.entries) {
    const auto part = data.subspan(entry.begin, entry.end - entry.begin);
    file.tensors.emplace(std::move(entry.name), Tensor{entry.type, std::move(entry.shape), {part.begin(), part.end()}});
  }
  return file;
}

void write_safetensors(FileSystem& fs, const Path& path, const TensorFile& file) {
  write_file_atomic(fs, path, encode_safetensors(file));
}

TensorFile read_safetensors(FileSystem& fs, const Path& path, std::uint64_t max_bytes) {
  return decode_safetensors(fs.read_file(path, max_bytes), path.string());
}

}  // namespace softac

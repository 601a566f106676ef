// The safetensors format (https://huggingface.co/docs/safetensors): 8 bytes N, a JSON header of N bytes that gives each
// tensor's dtype, shape and byte range, then the data, without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "formats/tensor.h"

namespace softac {

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // the header's "__metadata__"

  friend bool operator==(const TensorFile&, const TensorFile&) = default;
};

// The file's bytes. Tensors lie in the order of element size (largest first), then name, as the safetensors package
// writes them. ContractError on a tensor whose data do not fit its shape, or named "__metadata__".
std::vector<std::byte> encode_safetensors(const TensorFile& file);

// IoError on anything that the format does not allow; `source` names the file in messages. What is allocated is bounded
// by a small multiple of bytes.size().
TensorFile decode_safetensors(std::span<const std::byte> bytes, const std::string& source);

void write_safetensors(FileSystem& fs, const Path& path, const TensorFile& file);  // atomically
TensorFile read_safetensors(FileSystem& fs, const Path& path, std::uint64_t max_bytes = std::uint64_t{1} << 34);

}  // namespace softac

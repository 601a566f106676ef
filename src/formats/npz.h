// NumPy's .npz: a zip archive of uncompressed .npy arrays
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, PKWARE APPNOTE.TXT). Archives below 4 GiB;
// compressed and zip64 archives are refused.
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

using NpzFile = std::map<std::string, Tensor>;  // by key, without ".npy"

std::vector<std::byte> encode_npy(const Tensor& tensor);
// IoError on anything but one C-ordered, little-endian array that fills the bytes; `source` names it in messages.
Tensor decode_npy(std::span<const std::byte> bytes, const std::string& source);

std::vector<std::byte> encode_npz(const NpzFile& file);
NpzFile decode_npz(std::span<const std::byte> bytes, const std::string& source);

void write_npz(FileSystem& fs, const Path& path, const NpzFile& file);  // atomically
NpzFile read_npz(FileSystem& fs, const Path& path, std::uint64_t max_bytes = std::uint64_t{1} << 30);

}  // namespace softac

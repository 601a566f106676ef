#include "formats/npz.h"

#include "base/atomic_file.h"
#include "formats/zip.h"

namespace softac {

namespace {
constexpr std::string_view kSuffix = ".npy";
}

std::vector<std::byte> encode_npz(const NpzFile& file) {
  std::map<std::string, std::vector<std::byte>> entries;
  for (const auto& [key, tensor] : file) entries.emplace(key + std::string(kSuffix), encode_npy(tensor));
  return encode_zip(entries);
}

NpzFile decode_npz(std::span<const std::byte> bytes, const std::string& source) {
  NpzFile file;
  for (const auto& [name, data] : decode_zip(bytes, source)) {
    if (!name.ends_with(kSuffix)) throw IoError(source + ": the entry " + name + " is no .npy array");
    file.emplace(name.substr(0, name.size() - kSuffix.size()), decode_npy(data, source + ":" + name));
  }
  return file;
}

void write_npz(FileSystem& fs, const Path& path, const NpzFile& file) {
  write_file_atomic(fs, path, encode_npz(file));
}

NpzFile read_npz(FileSystem& fs, const Path& path, std::uint64_t max_bytes) {
  return decode_npz(fs.read_file(path, max_bytes), path.string());
}

}  // namespace softac

#include "formats/zip.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "formats/byte_order.h"
#include "softac/error.h"

namespace softac {

namespace {

// Record signatures and sizes, APPNOTE 4.3.7, 4.3.12, 4.3.16.
constexpr std::uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50, kEndSignature = 0x06054b50;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kMaxComment = 65535;
constexpr std::uint16_t kVersion = 20, kDate1980 = 0x0021;  // 1980-01-01 in MS-DOS format
constexpr std::uint16_t kNameIsUtf8 = 0x0800;               // general purpose flag, bit 11
constexpr std::uint32_t kZip64 = 0xffffffff;                // "see the zip64 record"

constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    table[byte] = crc;
  }
  return table;
}();

void append_u16(std::vector<std::byte>& out, std::size_t value) {
  append_little_endian(out, static_cast<std::uint16_t>(value));
}
void append_u32(std::vector<std::byte>& out, std::size_t value) {
  append_little_endian(out, static_cast<std::uint32_t>(value));
}
void append_text(std::vector<std::byte>& out, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// The fields that the local header and the central directory share, version to name length (APPNOTE 4.4).
void append_common(std::vector<std::byte>& out, const std::string& name, std::span<const std::byte> data) {
  append_u16(out, kVersion);
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  append_u16(out, ascii ? 0 : kNameIsUtf8);  // flags
  append_u16(out, 0);                        // method: stored
  append_u16(out, 0);                        // time
  append_u16(out, kDate1980);
  append_u32(out, crc32(data));
  append_u32(out, data.size());
  append_u32(out, data.size());
  append_u16(out, name.size());
  append_u16(out, 0);  // extra field length
}

// Reads one archive; every failure names the source and the byte offset.
class ZipReader {
 public:
  ZipReader(std::span<const std::byte> bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  std::map<std::string, std::span<const std::byte>> read() {
    const std::size_t end = find_end();
    const std::size_t count = u16(end + 10);
    std::size_t offset = u32(end + 16);
    const std::size_t directory_bytes = u32(end + 12);
    if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != count) fail(end, "an archive in several parts");
    if (offset == kZip64 || count == 0xffff) fail(end, "a zip64 archive, which is not supported");
    if (offset > end || directory_bytes != end - offset) fail(end, "a central directory that does not end here");
    directory_ = offset;

    std::map<std::string, std::span<const std::byte>> entries;
    for (std::size_t i = 0; i < count; ++i) {
      if (end - offset < kCentralBytes || u32(offset) != kCentralSignature) fail(offset, "no central directory entry");
      const std::size_t name_bytes = u16(offset + 28);
      const std::size_t entry_bytes = kCentralBytes + name_bytes + u16(offset + 30) + u16(offset + 32);
      if (entry_bytes > end - offset) fail(offset, "a central directory entry beyond the directory");
      std::string name(text(offset + kCentralBytes, name_bytes));
      const auto data = entry_data(offset, name);
      if (!entries.emplace(std::move(name), data).second) fail(offset, "an entry name for the second time");
      offset += entry_bytes;
    }
    if (offset != end) fail(offset, "bytes after the last central directory entry");
    check_overlap();
    return entries;
  }

 private:
  [[noreturn]] void fail(std::size_t offset, const std::string& found) const {
    throw IoError(source_ + ": not a readable zip archive: at byte " + std::to_string(offset) + " it has " + found);
  }
  std::uint16_t u16(std::size_t offset) const { return read_little_endian<std::uint16_t>(bytes_, offset); }
  std::uint32_t u32(std::size_t offset) const { return read_little_endian<std::uint32_t>(bytes_, offset); }
  std::string_view text(std::size_t offset, std::size_t length) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, length};
  }

  // The end record is the last one whose comment reaches exactly to the end of the file.
  std::size_t find_end() const {
    if (bytes_.size() < kEndBytes) fail(0, "fewer bytes than an empty archive");
    const std::size_t last = bytes_.size() - kEndBytes;
    for (std::size_t comment = 0; comment <= std::min(last, kMaxComment); ++comment) {
      if (u32(last - comment) == kEndSignature && u16(last - comment + 20) == comment) return last - comment;
    }
    fail(last, "no end of central directory: the file is cut off or no zip archive");
  }

  // The bytes of the entry whose central directory record starts at `central`.
  std::span<const std::byte> entry_data(std::size_t central, const std::string& name) {
    const std::size_t flags = u16(central + 8), method = u16(central + 10);
    const std::size_t packed = u32(central + 20), size = u32(central + 24), local = u32(central + 42);
    if ((flags & 1) != 0) fail(central, "the encrypted entry " + name);
    if (method != 0) fail(central, "the compressed entry " + name + "; only uncompressed ones can be read");
    if (packed == kZip64 || size == kZip64 || local == kZip64)
      fail(central, "the zip64 entry " + name + ", not supported");
    if (packed != size) fail(central, "two different sizes of the entry " + name);
    if (local > directory_ || directory_ - local < kLocalBytes || u32(local) != kLocalSignature) {
      fail(local, "no local header of the entry " + name);
    }
    const std::size_t name_bytes = u16(local + 26), header = kLocalBytes + name_bytes + u16(local + 28);
    if (directory_ - local < header || directory_ - local - header < size)
      fail(local, "the entry " + name + " cut off");
    if (text(local + kLocalBytes, name_bytes) != name) fail(local, "another name than the directory gives: " + name);
    const auto data = bytes_.subspan(local + header, size);
    if (crc32(data) != u32(central + 16)) fail(local, "the entry " + name + " with a wrong checksum");
    ranges_.emplace_back(local, local + header + size);
    return data;
  }

  void check_overlap() {
    std::sort(ranges_.begin(), ranges_.end());
    for (std::size_t i = 1; i < ranges_.size(); ++i) {
      if (ranges_[i].first < ranges_[i - 1].second) fail(ranges_[i].first, "two entries on the same bytes");
    }
  }

  std::span<const std::byte> bytes_;
  const std::string& source_;
  std::size_t directory_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> ranges_;
};

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = ~0u;
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xffu];
  return ~crc;
}

std::vector<std::byte> encode_zip(const std::map<std::string, std::vector<std::byte>>& entries) {
  std::vector<std::byte> out, directory;
  SOFTAC_REQUIRE(entries.size() < 0xffff, entries.size());
  for (const auto& [name, data] : entries) {
    SOFTAC_REQUIRE(!name.empty() && name.size() <= 0xffff, name.size());
    append_u32(directory, kCentralSignature);
    append_u16(directory, kVersion);
    append_common(directory, name, data);
    append_u16(directory, 0);  // comment length
    append_u16(directory, 0);  // disk
    append_u16(directory, 0);  // internal attributes
    append_u32(directory, 0);  // external attributes
    append_u32(directory, out.size());
    append_text(directory, name);

    append_u32(out, kLocalSignature);
    append_common(out, name, data);
    append_text(out, name);
    out.insert(out.end(), data.begin(), data.end());
    SOFTAC_REQUIRE(out.size() + directory.size() < kZip64, out.size());
  }
  const std::size_t start = out.size();
  out.insert(out.end(), directory.begin(), directory.end());
  append_u32(out, kEndSignature);
  append_u16(out, 0);
  append_u16(out, 0);
  append_u16(out, entries.size());
  append_u16(out, entries.size());
  append_u32(out, directory.size());
  append_u32(out, start);
  append_u16(out, 0);
  return out;
}

std::map<std::string, std::span<const std::byte>> decode_zip(std::span<const std::byte> bytes,
                                                             const std::string& source) {
  return ZipReader(bytes, source).read();
}

}  // namespace softac

// Zip archives with stored (uncompressed) entries, below 4 GiB (PKWARE APPNOTE.TXT 6.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace softac {

// Entries in the map's order, names in UTF-8, dated 1980-01-01, so that equal contents give equal bytes.
std::vector<std::byte> encode_zip(const std::map<std::string, std::vector<std::byte>>& entries);

// Views into bytes by entry name, checksums verified. IoError on a damaged, compressed, encrypted, overlapping or zip64
// archive; `source` names it in messages.
std::map<std::string, std::span<const std::byte>> decode_zip(std::span<const std::byte> bytes,
                                                             const std::string& source);

std::uint32_t crc32(std::span<const std::byte> bytes);  // the zip checksum (polynomial 0x04C11DB7, reflected)

}  // namespace softac

// Compression into the zlib format (RFC 1950, RFC 1951), for PNG files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace softac {

// One block with the fixed codes; repetitions are looked for within 32 KiB. The same bytes give the same result.
std::vector<std::byte> encode_zlib(std::span<const std::uint8_t> data);

}  // namespace softac

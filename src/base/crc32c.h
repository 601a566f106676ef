// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace softac {

// Checksum of `crc` followed by bytes: crc32c(b, crc32c(a)) is the checksum of a and b joined. Uses the CPU's
// instruction where there is one; the result is the same everywhere.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0);

namespace detail {
std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t crc);
bool crc32c_has_hardware();
std::uint32_t crc32c_hardware(std::span<const std::byte> bytes, std::uint32_t crc);  // only if crc32c_has_hardware()
}  // namespace detail

}  // namespace softac

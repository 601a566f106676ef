#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace softac {

namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82F63B78u;

// table[k][b]: the effect of byte b followed by k zero bytes (slicing-by-8; Kounavis and Berry, ISCC 2005).
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? kReflectedPolynomial : 0u);
    table[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      table[k][byte] = (table[k - 1][byte] >> 8) ^ table[0][table[k - 1][byte] & 0xffu];
    }
  }
  return table;
}

constexpr auto kTable = make_tables();

std::uint32_t byte_at(std::span<const std::byte> bytes, std::size_t i) {
  return std::to_integer<std::uint32_t>(bytes[i]);
}

}  // namespace

namespace detail {

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t crc) {
  crc = ~crc;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    crc ^= byte_at(bytes, 0) | byte_at(bytes, 1) << 8 | byte_at(bytes, 2) << 16 | byte_at(bytes, 3) << 24;
    crc = kTable[7][crc & 0xffu] ^ kTable[6][(crc >> 8) & 0xffu] ^ kTable[5][(crc >> 16) & 0xffu] ^
          kTable[4][crc >> 24] ^ kTable[3][byte_at(bytes, 4)] ^ kTable[2][byte_at(bytes, 5)] ^
          kTable[1][byte_at(bytes, 6)] ^ kTable[0][byte_at(bytes, 7)];
  }
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kTable[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xffu];
  return ~crc;
}

#if defined(__x86_64__)
bool crc32c_has_hardware() {
  return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(std::span<const std::byte> bytes, std::uint32_t crc) {
  std::uint64_t state = ~crc;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    state = _mm_crc32_u64(state, word);
  }
  auto tail = static_cast<std::uint32_t>(state);
  for (const std::byte byte : bytes) tail = _mm_crc32_u8(tail, std::to_integer<unsigned char>(byte));
  return ~tail;
}
#else
bool crc32c_has_hardware() {
  return false;
}
std::uint32_t crc32c_hardware(std::span<const std::byte> bytes, std::uint32_t crc) {
  return crc32c_portable(bytes, crc);
}
#endif

}  // namespace detail

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc) {
  static const bool hardware = detail::crc32c_has_hardware();
  return hardware ? detail::crc32c_hardware(bytes, crc) : detail::crc32c_portable(bytes, crc);
}

}  // namespace softac

// Little-endian integers in byte strings, for the binary formats.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace softac {

static_assert(std::endian::native == std::endian::little,
              "softac's file formats are written on little-endian machines");

template <std::unsigned_integral T>
void append_little_endian(std::vector<std::byte>& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// bytes must hold sizeof(T) bytes from offset on.
template <std::unsigned_integral T>
T read_little_endian(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace softac

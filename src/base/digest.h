// A fast 64-bit digest of a state, for comparing runs; not cryptographic. The same on every machine.
//
// h ← fold(h ⊕ word, K) over 64-bit little-endian words, where fold(a, b) is the xor of both halves of the 128-bit
// product; four interleaved lanes over long arrays.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace softac {

class Digest {
 public:
  void add(std::uint64_t word) { h_ = fold(h_ ^ word, kOdd[0]); }
  void add(std::int64_t word) { add(static_cast<std::uint64_t>(word)); }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }

  // An array: its length, then its bytes. Two arrays are not the same as one that joins them.
  void add(std::span<const std::byte> bytes) {
    add(static_cast<std::uint64_t>(bytes.size()));
    std::array<std::uint64_t, 4> lane = {h_ ^ kOdd[0], h_ ^ kOdd[1], h_ ^ kOdd[2], h_ ^ kOdd[3]};
    std::size_t at = 0;
    for (; at + 32 <= bytes.size(); at += 32) {
      for (std::size_t i = 0; i < 4; ++i) lane[i] = fold(lane[i] ^ word(bytes.subspan(at + 8 * i, 8)), kOdd[i]);
    }
    for (std::size_t i = 0; i < 4; ++i) add(lane[i]);
    for (; at < bytes.size(); at += 8) add(word(bytes.subspan(at, bytes.size() - at < 8 ? bytes.size() - at : 8)));
  }
  template <class T>
  requires(std::is_arithmetic_v<T>) void add(std::span<const T> values) { add(std::as_bytes(values)); }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

  std::uint64_t value() const { return fold(h_ ^ kOdd[3], kOdd[1]); }

 private:
  static constexpr std::array<std::uint64_t, 4> kOdd = {0x9e3779b97f4a7c15u, 0xd1342543de82ef95u, 0xaf251af3b0f025b5u,
                                                        0xc6a4a7935bd1e995u};
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return (static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64)) + a;
  }
  static std::uint64_t word(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  std::uint64_t h_ = 0x2545f4914f6cdd1du;
};

// 16 lower-case hexadecimal digits.
inline std::string hash_text(std::uint64_t hash) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = "0123456789abcdef"[(hash >> (4 * i)) & 15];
  return text;
}

}  // namespace softac

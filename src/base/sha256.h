// SHA-256 (FIPS 180-4), for manifests and model files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace softac {

class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  // The digest of all bytes so far; the object may then only be destroyed or assigned to.
  std::array<std::uint8_t, 32> finish();

 private:
  void block(const std::uint8_t* data);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer_{};
  std::uint64_t num_bytes_ = 0;
};

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace softac

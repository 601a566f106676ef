#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>
#include <vector>

#include "softac/rng.h"

namespace softac {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::vector<std::byte> random_bytes(std::size_t size) {
  Rng rng(7, StreamKind::test);
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next_u32());
  return bytes;
}

// RFC 3720, B.4.
TEST(Crc32c, PublishedVectors) {
  std::vector<std::byte> bytes(32, std::byte{0});
  EXPECT_EQ(crc32c(bytes), 0x8A9136AAu);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xff});
  EXPECT_EQ(crc32c(bytes), 0x62A8AB43u);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46DD794Eu);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(31 - i);
  EXPECT_EQ(crc32c(bytes), 0x113FDB5Cu);
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, HardwareAndTablesAgreeAtEveryLengthAndAlignment) {
  if (!detail::crc32c_has_hardware()) GTEST_SKIP() << "this CPU has no CRC-32C instruction";
  const auto bytes = random_bytes(300);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(begin, size);
      ASSERT_EQ(detail::crc32c_hardware(part, 0), detail::crc32c_portable(part, 0)) << begin << ' ' << size;
      ASSERT_EQ(detail::crc32c_hardware(part, 0x12345678u), detail::crc32c_portable(part, 0x12345678u));
    }
  }
}

TEST(Crc32c, ContinuesWhereItStopped) {
  const auto bytes = random_bytes(100);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(std::span(bytes).subspan(cut), crc32c(std::span(bytes).first(cut))), whole);
    EXPECT_EQ(
        detail::crc32c_portable(std::span(bytes).subspan(cut), detail::crc32c_portable(std::span(bytes).first(cut), 0)),
        whole);
  }
}

TEST(Crc32c, SeesEverySingleBit) {
  auto bytes = random_bytes(64);
  const std::uint32_t good = crc32c(bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_NE(crc32c(bytes), good);
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

}  // namespace
}  // namespace softac

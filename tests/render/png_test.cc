// PNG files and their compression, read back by a small decoder of what the encoder may write.
#include "render/png.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>

#include "formats/zip.h"
#include "render/deflate.h"
#include "softac/rng.h"

namespace softac {
namespace {

// Inflates one block of fixed codes (RFC 1951).
class Inflater {
 public:
  explicit Inflater(std::span<const std::byte> data) : data_(data) {}
  std::vector<std::uint8_t> run() {
    EXPECT_EQ(bits(1), 1u);
    EXPECT_EQ(bits(2), 1u);
    std::vector<std::uint8_t> out;
    for (;;) {
      const unsigned symbol = literal();
      if (symbol == 256) return out;
      if (symbol < 256) {
        out.push_back(static_cast<std::uint8_t>(symbol));
        continue;
      }
      constexpr unsigned kLengths[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
      constexpr int kLengthBits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                     2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
      const unsigned length = kLengths[symbol - 257] + bits(kLengthBits[symbol - 257]);
      const unsigned code = huffman(5);
      const int extra = code < 4 ? 0 : static_cast<int>(code) / 2 - 1;
      const unsigned base = code < 4 ? code + 1 : ((2 + (code & 1)) << extra) + 1;
      const std::size_t distance = base + bits(extra);
      if (distance > out.size()) throw std::runtime_error("distance");
      for (unsigned i = 0; i < length; ++i) out.push_back(out[out.size() - distance]);
    }
  }

 private:
  unsigned bits(int count) {
    unsigned value = 0;
    for (int i = 0; i < count; ++i, ++at_) value |= (static_cast<unsigned>(data_[at_ / 8]) >> (at_ % 8) & 1u) << i;
    return value;
  }
  unsigned huffman(int count) {
    unsigned value = 0;
    for (int i = 0; i < count; ++i) value = value << 1 | bits(1);
    return value;
  }
  unsigned literal() {
    unsigned code = huffman(7);
    if (code < 0b0011000) return 256 + code;
    code = code << 1 | bits(1);
    if (code >= 0b00110000 && code < 0b11000000) return code - 0b00110000;
    if (code < 0b11001000) return 280 + code - 0b11000000;
    code = code << 1 | bits(1);
    return 144 + code - 0b110010000;
  }

  std::span<const std::byte> data_;
  std::size_t at_ = 0;
};

std::vector<std::uint8_t> inflate(std::span<const std::byte> zlib) {
  return Inflater(zlib.subspan(2, zlib.size() - 6)).run();
}

TEST(Deflate, GivesBackWhatItGot) {
  Rng rng(1, StreamKind::env, 0);
  std::vector<std::uint8_t> random(5000), pattern(200'000), runs(70'000, 7);
  for (auto& byte : random) byte = static_cast<std::uint8_t>(rng.uniform(0.0, 256.0));
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<std::uint8_t>(i * i / 977 + i % 13);
  for (std::size_t i = 0; i < runs.size(); i += 1000) runs[i] = static_cast<std::uint8_t>(i / 1000);
  std::vector<std::uint8_t> far = random;  // a repetition from as far as the window reaches, and one beyond
  far.resize(32768 - 2);
  far.insert(far.end(), random.begin(), random.end());
  far.resize(far.size() + 40'000, 1);
  far.insert(far.end(), random.begin(), random.end());
  for (const auto& data :
       {std::vector<std::uint8_t>{}, {5}, {5, 5}, {1, 2, 3, 1, 2, 3, 1}, random, pattern, runs, far}) {
    EXPECT_EQ(inflate(encode_zlib(data)), data) << data.size();
  }
  EXPECT_LT(encode_zlib(runs).size(), 1500u);
}

TEST(Png, HoldsTheSizeAndThePixels) {
  Image image;
  image.resize(37, 11);
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i * 7 / 5 + i % 3 * 40);
  const std::vector<std::byte> png = encode_png(image);
  const auto number = [&](std::size_t at) {
    unsigned value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned>(png[at + i]);
    return value;
  };
  EXPECT_EQ(number(0), 0x89504E47u);
  EXPECT_EQ(number(16), 37u);
  EXPECT_EQ(number(20), 11u);
  // Signature 8, header chunk 25, then the data chunk.
  const std::size_t size = number(33);
  EXPECT_EQ(number(33 + 8 + size), crc32(std::span(png).subspan(37, 4 + size)));
  const std::vector<std::uint8_t> rows = inflate(std::span(png).subspan(41, size));
  ASSERT_EQ(rows.size(), image.rgb.size() + 11);
  std::vector<std::uint8_t> above(37 * 3, 0);
  for (int y = 0; y < 11; ++y) {
    const std::uint8_t* row = rows.data() + static_cast<std::size_t>(y) * (37 * 3 + 1);
    std::vector<std::uint8_t> values;
    for (std::size_t x = 0; x < 37 * 3; ++x) {
      const int left = x < 3 ? 0 : values[x - 3];
      const int guess = row[0] == 1 ? left : row[0] == 2 ? above[x] : (left + above[x]) / 2;
      values.push_back(static_cast<std::uint8_t>(row[1 + x] + guess));
    }
    EXPECT_TRUE(std::equal(values.begin(), values.end(), image.row(y))) << y;
    above = values;
  }
  EXPECT_EQ(encode_png(image), png);
}

}  // namespace
}  // namespace softac

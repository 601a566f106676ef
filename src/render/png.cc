#include "render/png.h"

#include <array>
#include <cstdlib>
#include <span>
#include <string_view>

#include "formats/zip.h"
#include "render/deflate.h"
#include "softac/error.h"

namespace softac {

namespace {

void put_number(std::vector<std::byte>& out, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::byte>(value >> shift & 0xff));
}

void put_chunk(std::vector<std::byte>& out, std::string_view type, std::span<const std::byte> data) {
  put_number(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  for (const char c : type) out.push_back(static_cast<std::byte>(c));
  out.insert(out.end(), data.begin(), data.end());
  put_number(out, crc32(std::span(out).subspan(start)));
}

// What a byte differs by from the one to the left, above, or the mean of both (filters 1, 2 and 3).
std::uint8_t filtered(int filter, std::uint8_t value, std::uint8_t left, std::uint8_t above) {
  const int guess = filter == 1 ? left : filter == 2 ? above : (left + above) / 2;
  return static_cast<std::uint8_t>(value - guess);
}

// Each row by the filter that leaves the smallest differences.
std::vector<std::uint8_t> filtered_rows(const Image& image) {
  const std::size_t bytes = static_cast<std::size_t>(image.width) * 3;
  const std::vector<std::uint8_t> nothing(bytes, 0);
  std::vector<std::uint8_t> out;
  out.reserve(image.rgb.size() + image.height);
  std::array<std::vector<std::uint8_t>, 3> tried;
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* row = image.row(y);
    const std::uint8_t* above = y > 0 ? image.row(y - 1) : nothing.data();
    std::size_t best = 0;
    long long best_sum = -1;
    for (std::size_t i = 0; i < tried.size(); ++i) {
      tried[i].resize(bytes);
      long long sum = 0;
      for (std::size_t x = 0; x < bytes; ++x) {
        tried[i][x] = filtered(static_cast<int>(i) + 1, row[x], x < 3 ? std::uint8_t{0} : row[x - 3], above[x]);
        sum += std::abs(static_cast<int>(static_cast<std::int8_t>(tried[i][x])));
      }
      if (best_sum < 0 || sum < best_sum) {
        best = i;
        best_sum = sum;
      }
    }
    out.push_back(static_cast<std::uint8_t>(best + 1));
    out.insert(out.end(), tried[best].begin(), tried[best].end());
  }
  return out;
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  SOFTAC_REQUIRE(image.width > 0 && image.height > 0, image.width, image.height);
  constexpr unsigned char kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  std::vector<std::byte> out, header;
  for (const unsigned char c : kSignature) out.push_back(static_cast<std::byte>(c));
  put_number(header, static_cast<std::uint32_t>(image.width));
  put_number(header, static_cast<std::uint32_t>(image.height));
  for (const int field : {8, 2, 0, 0, 0})
    header.push_back(static_cast<std::byte>(field));  // depth, RGB, the only methods
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", encode_zlib(filtered_rows(image)));
  put_chunk(out, "IEND", {});
  return out;
}

}  // namespace softac

// A picture: what every drawing ends in, and what files and windows are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace softac {

struct Image {
  int width = 0, height = 0;      // pixels
  std::vector<std::uint8_t> rgb;  // (height, width, 3), from the top left

  void resize(int new_width, int new_height) {
    width = new_width;
    height = new_height;
    rgb.resize(static_cast<std::size_t>(new_width) * static_cast<std::size_t>(new_height) * 3);
  }
  std::uint8_t* row(int y) { return rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3; }
  const std::uint8_t* row(int y) const {
    return rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
  }
};

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;
};

// The sides that a picture may have, in pixels.
constexpr int kMinImageSide = 16, kMaxImageSide = 4096;

}  // namespace softac

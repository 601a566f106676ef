#include "render/overlay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace softac {

namespace {

// Rows from the top, five pixels each, '#' set; the last row is below the line.
constexpr int kColumns = 5, kRows = 8;
struct Glyph {
  char letter;
  std::array<std::uint8_t, kRows> rows;
};
constexpr Glyph kGlyphs[] = {
    {'0', {0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110, 0}},
    {'1', {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110, 0}},
    {'2', {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111, 0}},
    {'3', {0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110, 0}},
    {'4', {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010, 0}},
    {'5', {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110, 0}},
    {'6', {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110, 0}},
    {'7', {0b11111, 0b00001, 0b00010, 0b00010, 0b00100, 0b00100, 0b00100, 0}},
    {'8', {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110, 0}},
    {'9', {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100, 0}},
    {'a', {0, 0, 0b01110, 0b00001, 0b01111, 0b10001, 0b01111, 0}},
    {'b', {0b10000, 0b10000, 0b11110, 0b10001, 0b10001, 0b10001, 0b11110, 0}},
    {'c', {0, 0, 0b01110, 0b10000, 0b10000, 0b10000, 0b01110, 0}},
    {'d', {0b00001, 0b00001, 0b01111, 0b10001, 0b10001, 0b10001, 0b01111, 0}},
    {'e', {0, 0, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110, 0}},
    {'f', {0b00110, 0b01000, 0b11100, 0b01000, 0b01000, 0b01000, 0b01000, 0}},
    {'g', {0, 0, 0b01111, 0b10001, 0b10001, 0b01111, 0b00001, 0b01110}},
    {'h', {0b10000, 0b10000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001, 0}},
    {'i', {0b00100, 0, 0b01100, 0b00100, 0b00100, 0b00100, 0b01110, 0}},
    {'j', {0b00010, 0, 0b00110, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100}},
    {'k', {0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0}},
    {'l', {0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110, 0}},
    {'m', {0, 0, 0b11010, 0b10101, 0b10101, 0b10101, 0b10101, 0}},
    {'n', {0, 0, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001, 0}},
    {'o', {0, 0, 0b01110, 0b10001, 0b10001, 0b10001, 0b01110, 0}},
    {'p', {0, 0, 0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000}},
    {'q', {0, 0, 0b01111, 0b10001, 0b10001, 0b01111, 0b00001, 0b00001}},
    {'r', {0, 0, 0b10110, 0b11001, 0b10000, 0b10000, 0b10000, 0}},
    {'s', {0, 0, 0b01111, 0b10000, 0b01110, 0b00001, 0b11110, 0}},
    {'t', {0b01000, 0b01000, 0b11100, 0b01000, 0b01000, 0b01001, 0b00110, 0}},
    {'u', {0, 0, 0b10001, 0b10001, 0b10001, 0b10011, 0b01101, 0}},
    {'v', {0, 0, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100, 0}},
    {'w', {0, 0, 0b10001, 0b10101, 0b10101, 0b10101, 0b01010, 0}},
    {'x', {0, 0, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001, 0}},
    {'y', {0, 0, 0b10001, 0b10001, 0b10001, 0b01111, 0b00001, 0b01110}},
    {'z', {0, 0, 0b11111, 0b00010, 0b00100, 0b01000, 0b11111, 0}},
    {'-', {0, 0, 0, 0b01110, 0, 0, 0, 0}},
    {'+', {0, 0, 0b00100, 0b01110, 0b00100, 0, 0, 0}},
    {'.', {0, 0, 0, 0, 0, 0b01100, 0b01100, 0}},
    {',', {0, 0, 0, 0, 0, 0b01100, 0b00100, 0b01000}},
    {':', {0, 0, 0b01100, 0, 0, 0b01100, 0, 0}},
    {'/', {0b00001, 0b00010, 0b00010, 0b00100, 0b01000, 0b01000, 0b10000, 0}},
    {' ', {0, 0, 0, 0, 0, 0, 0, 0}},
};
constexpr Glyph kBox = {'?', {0b11111, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11111, 0}};
constexpr int kAdvance = kColumns + 1, kLine = kRows + 2, kMargin = 3;

const Glyph& glyph_of(char letter) {
  const auto* found = std::ranges::find(kGlyphs, letter, &Glyph::letter);
  return found == std::end(kGlyphs) ? kBox : *found;
}

// At spaces, into pieces of at most `width` letters; what has no space is cut.
std::vector<std::string> wrapped(const std::vector<std::string>& lines, std::size_t width) {
  std::vector<std::string> out;
  for (std::string rest : lines) {
    while (rest.size() > width) {
      const std::size_t space = rest.rfind(' ', width);
      const bool at_space = space != std::string::npos && space > 0;
      out.push_back(rest.substr(0, at_space ? space : width));
      rest = rest.substr(at_space ? space + 1 : width);
    }
    out.push_back(rest);
  }
  return out;
}

void darken(Image& image, int width, int height) {
  for (int y = 0; y < height; ++y) {
    std::uint8_t* row = image.row(y);
    for (int i = 0; i < 3 * width; ++i) row[i] = static_cast<std::uint8_t>(row[i] * 2 / 5);
  }
}

void draw_glyph(Image& image, const Glyph& glyph, int left, int top, int scale) {
  for (int y = 0; y < kRows * scale; ++y) {
    for (int x = 0; x < kColumns * scale; ++x) {
      const bool set = (glyph.rows[y / scale] >> (kColumns - 1 - x / scale) & 1) != 0;
      if (set && left + x < image.width && top + y < image.height)
        std::fill_n(image.row(top + y) + 3 * (left + x), 3, std::uint8_t{255});
    }
  }
}

}  // namespace

void draw_text(Image& image, const std::vector<std::string>& lines) {
  const int scale = std::clamp(image.width / 280, 1, 8);
  const int letters = (image.width / scale - 2 * kMargin) / kAdvance,
            room = (image.height / scale - 2 * kMargin) / kLine;
  if (letters < 1 || room < 1) return;
  std::vector<std::string> shown = wrapped(lines, letters);
  if (shown.size() > static_cast<std::size_t>(room)) shown.resize(room);
  std::size_t longest = 0;
  for (const std::string& line : shown) longest = std::max(longest, line.size());
  darken(image, std::min(image.width, scale * (2 * kMargin + kAdvance * static_cast<int>(longest))),
         std::min(image.height, scale * (2 * kMargin + kLine * static_cast<int>(shown.size()) - 1)));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    for (std::size_t k = 0; k < shown[i].size(); ++k) {
      draw_glyph(image, glyph_of(shown[i][k]), scale * (kMargin + kAdvance * static_cast<int>(k)),
                 scale * (kMargin + kLine * static_cast<int>(i)), scale);
    }
  }
}

std::vector<std::string> overlay_lines(double episode_return, long long step, std::span<const double> action,
                                       bool discrete) {
  char text[64];
  std::snprintf(text, sizeof text, "return %.1f  step %lld", episode_return, step);
  std::vector<std::string> lines = {text};
  if (action.empty()) return lines;
  std::string line = "action";
  for (const double a : action) {
    std::snprintf(text, sizeof text, discrete ? " %.0f" : " %.2f", discrete ? std::floor(a) : a);
    line += text;
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace softac

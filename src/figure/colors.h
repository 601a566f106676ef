// The colours of all figures, by name: one set for files and for light pages, one for dark pages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace softac::figure {

// c0 … c7 are told apart by people who see red and green alike as well; the others are parts of a figure.
struct NamedColor {
  std::string_view name, light, dark;
};
std::span<const NamedColor> named_colors();

constexpr int kNumSeriesColors = 8;
std::string series_color(int i);  // "c0" …, again from the first after the last

// A name of these or "#rrggbb".
bool is_color(std::string_view color);
// "#rrggbb" of a name's light colour; a hexadecimal colour itself.
std::string hex_color(std::string_view color);

struct Rgb {
  double r, g, b;  // 0 … 255
};
// Along a list of colours; at in [0, 1], beyond it the ends; NaN is grey.
std::string color_at(double at, std::span<const Rgb> stops);
std::span<const Rgb> value_colors();   // white to dark blue
std::span<const Rgb> signed_colors();  // red over white to blue

}  // namespace softac::figure

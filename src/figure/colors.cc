#include "figure/colors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "softac/error.h"

namespace softac::figure {
namespace {

constexpr std::array<NamedColor, 14> kColors = {{{"c0", "#1f5fa8", "#6cb0f5"},
                                                 {"c1", "#d9660a", "#ff9a4d"},
                                                 {"c2", "#1c8a5a", "#4fcf98"},
                                                 {"c3", "#8a4fb0", "#c79bf0"},
                                                 {"c4", "#c0392b", "#ff8074"},
                                                 {"c5", "#0e8394", "#4fd0e0"},
                                                 {"c6", "#a67c00", "#e6c24a"},
                                                 {"c7", "#b0407f", "#f58fc4"},
                                                 {"text", "#222222", "#e6e6e6"},
                                                 {"muted", "#5a5a5a", "#a8a8a8"},
                                                 {"grid", "#e4e4e4", "#363b42"},
                                                 {"frame", "#8c8c8c", "#6b727b"},
                                                 {"paper", "#ffffff", "#16191d"},
                                                 {"wall", "#4d4d4d", "#4d4d4d"}}};

constexpr std::array<Rgb, 5> kValueColors = {
    {{247, 251, 255}, {198, 219, 239}, {107, 174, 214}, {33, 113, 181}, {8, 69, 148}}};
constexpr std::array<Rgb, 5> kSignedColors = {
    {{178, 24, 43}, {244, 165, 130}, {247, 247, 247}, {146, 197, 222}, {33, 102, 172}}};

const NamedColor* find(std::string_view name) {
  const auto found = std::find_if(kColors.begin(), kColors.end(), [&](const NamedColor& c) { return c.name == name; });
  return found == kColors.end() ? nullptr : &*found;
}

bool is_hex(std::string_view color) {
  return color.size() == 7 && color[0] == '#' &&
         color.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

}  // namespace

std::span<const NamedColor> named_colors() {
  return kColors;
}

std::string series_color(int i) {
  return std::string(kColors[i % kNumSeriesColors].name);
}

bool is_color(std::string_view color) {
  return is_hex(color) || find(color) != nullptr;
}

std::string hex_color(std::string_view color) {
  const NamedColor* named = find(color);
  SOFTAC_REQUIRE(named != nullptr || is_hex(color), color);
  return std::string(named != nullptr ? named->light : color);
}

std::string color_at(double at, std::span<const Rgb> stops) {
  if (std::isnan(at)) return "#dddddd";
  const double x = std::clamp(at, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(x), stops.size() - 2);
  const double t = x - static_cast<double>(i);
  const auto mix = [&](double low, double high) { return static_cast<int>(std::lround(low + t * (high - low))); };
  char text[16];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mix(stops[i].r, stops[i + 1].r), mix(stops[i].g, stops[i + 1].g),
                mix(stops[i].b, stops[i + 1].b));
  return text;
}

std::span<const Rgb> value_colors() {
  return kValueColors;
}

std::span<const Rgb> signed_colors() {
  return kSignedColors;
}

}  // namespace softac::figure

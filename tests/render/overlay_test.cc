// Text on pictures.
#include "render/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace softac {
namespace {

Image grey(int width, int height) {
  Image image;
  image.resize(width, height);
  std::ranges::fill(image.rgb, std::uint8_t{100});
  return image;
}

std::ptrdiff_t num_white(const Image& image) {
  return std::ranges::count(image.rgb, std::uint8_t{255}) / 3;
}

TEST(Overlay, SaysReturnStepAndAction) {
  const double action[] = {0.125, -1.0};
  EXPECT_EQ(overlay_lines(-12.34, 56, action),
            (std::vector<std::string>{"return -12.3  step 56", "action 0.12 -1.00"}));
  const double choice[] = {1.5};
  EXPECT_EQ(overlay_lines(1.0, 1, choice, true).back(), "action 1");
  EXPECT_EQ(overlay_lines(0.0, 0, {}), std::vector<std::string>{"return 0.0  step 0"});
}

TEST(Overlay, TextIsWhiteInADarkCorner) {
  Image image = grey(280, 100);
  draw_text(image, {"1"});
  EXPECT_EQ(num_white(image), 10);  // the pixels of the glyph, one each at this width
  EXPECT_EQ(image.row(0)[0], 40);
  EXPECT_EQ(image.row(99)[3 * 279], 100);
  Image large = grey(560, 200);
  draw_text(large, {"1"});
  EXPECT_EQ(num_white(large), 40);
}

TEST(Overlay, LettersDiffer) {
  const std::string letters = "0123456789abcdefghijklmnopqrstuvwxyz-+.,:/";
  std::vector<std::vector<std::uint8_t>> seen;
  for (const char letter : letters) {
    Image image = grey(40, 20);
    draw_text(image, {std::string(1, letter)});
    EXPECT_GT(num_white(image), 0) << letter;
    EXPECT_EQ(std::ranges::find(seen, image.rgb), seen.end()) << letter;
    seen.push_back(image.rgb);
  }
}

TEST(Overlay, LongTextGoesOnBelowAndEndsWithThePicture) {
  Image image = grey(100, 64);
  draw_text(image, {"action 0.12 -0.50 0.33 0.12 -0.50 0.33", std::string(200, 'x')});
  EXPECT_GT(num_white(image), 100);
  Image tiny = grey(16, 16);
  draw_text(tiny, {"return 1.0  step 2", "action 0.1"});  // stays inside
  Image one = grey(16, 8);
  const Image before = one;
  draw_text(one, {"a"});  // no room
  EXPECT_EQ(one.rgb, before.rgb);
}

}  // namespace
}  // namespace softac

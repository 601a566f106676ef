// The rasteriser: coverage to the fraction of a pixel, places, and shapes that leave the picture.
#include "render/canvas.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace softac {
namespace {

constexpr Color kWhite{255, 255, 255}, kBlack{0, 0, 0};

Image blank(int width, int height) {
  Image image;
  image.resize(width, height);
  Canvas(image, {0.0, 0.0}, {1.0, 1.0}).clear(kWhite);
  return image;
}

// The area that is dark, in pixels.
double ink(const Image& image) {
  double sum = 0.0;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) sum += 1.0 - image.rgb[i] / 255.0;
  return sum;
}

TEST(Canvas, CoversPartsOfPixels) {
  Image image = blank(4, 4);
  Canvas(image, {0.0, 0.0}, {4.0, 4.0}).rectangle({1.25, 1.0}, {2.5, 2.5}, kBlack);
  EXPECT_NEAR(ink(image), 1.25 * 1.5, 0.02);
  // From the top: row 2 is whole in height, row 1 half.
  EXPECT_NEAR(image.row(2)[3], 255 * 0.25, 1.0);
  EXPECT_NEAR(image.row(2)[6], 255 * 0.5, 1.0);
  EXPECT_NEAR(image.row(1)[6], 255 * 0.75, 1.0);
  EXPECT_EQ(image.row(3)[3], 255);
}

TEST(Canvas, AreasOfShapes) {
  Image image = blank(200, 200);
  Canvas canvas(image, {-1.0, -1.0}, {1.0, 1.0});
  canvas.circle({0.1, -0.2}, 0.5, kBlack);
  EXPECT_NEAR(ink(image), std::numbers::pi * 50.0 * 50.0, 20.0);
  canvas.clear(kWhite);
  canvas.line({-0.5, -0.5}, {0.5, 0.5}, 0.1, kBlack);
  EXPECT_NEAR(ink(image), 100.0 * std::sqrt(2.0) * 10.0 + std::numbers::pi * 25.0, 8.0);
  canvas.clear(kWhite);
  canvas.arc({0.0, 0.0}, 0.5, 0.0, std::numbers::pi, 0.1, kBlack);
  EXPECT_NEAR(ink(image), std::numbers::pi * 50.0 * 10.0 + std::numbers::pi * 25.0, 15.0);
}

TEST(Canvas, FitsIntoTheMiddleAndUpIsUp) {
  Image image = blank(300, 100);
  Canvas canvas(image, {0.0, 0.0}, {1.0, 1.0});
  EXPECT_EQ(canvas.pixels_per_unit(), 100.0);
  canvas.rectangle({0.0, 0.9}, {0.1, 1.0}, kBlack);
  EXPECT_EQ(image.row(0)[3 * 105], 0);
  EXPECT_EQ(image.row(0)[3 * 99], 255);
  EXPECT_NEAR(ink(image), 100.0, 0.5);
}

TEST(Canvas, ShapesThatLeaveThePictureAreCut) {
  Image image = blank(40, 30);
  Canvas canvas(image, {0.0, 0.0}, {4.0, 3.0});
  canvas.circle({-100.0, -100.0}, 5.0, kBlack);
  canvas.line({-50.0, 50.0}, {-40.0, 60.0}, 1.0, kBlack);
  canvas.circle({NAN, 0.0}, 1.0, kBlack);
  canvas.circle({INFINITY, 1.0}, 1.0, kBlack);
  EXPECT_EQ(ink(image), 0.0);
  canvas.rectangle({-1e9, -1e9}, {1e9, 1e9}, kBlack);
  EXPECT_EQ(ink(image), 40.0 * 30.0);
}

TEST(Canvas, ArrowsEndAtTheirTip) {
  Image image = blank(100, 100);
  Canvas canvas(image, {0.0, 0.0}, {1.0, 1.0});
  canvas.arrow({0.1, 0.5}, {0.9, 0.5}, 0.02, kBlack);
  EXPECT_EQ(image.row(50)[3 * 93], 255);
  EXPECT_LT(image.row(50)[3 * 86], 128);
  canvas.clear(kWhite);
  canvas.arrow({0.5, 0.5}, {0.5, 0.5}, 0.02, kBlack);
  EXPECT_EQ(ink(image), 0.0);
}

}  // namespace
}  // namespace softac

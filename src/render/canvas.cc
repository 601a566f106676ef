#include "render/canvas.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace softac {

namespace {

constexpr int kLinesPerPixel = 8;  // horizontal cuts through a row of pixels; along each, coverage is exact

// Adds the share of each pixel that lies in [from, to) of one cut.
void add_span(std::vector<float>& coverage, double from, double to) {
  const double width = static_cast<double>(coverage.size());
  from = std::clamp(from, 0.0, width);
  to = std::clamp(to, 0.0, width);
  if (to <= from) return;
  constexpr float kShare = 1.0f / kLinesPerPixel;
  const auto first = static_cast<std::size_t>(from), last = static_cast<std::size_t>(to);
  if (first == last) {
    coverage[first] += kShare * static_cast<float>(to - from);
    return;
  }
  coverage[first] += kShare * static_cast<float>(static_cast<double>(first + 1) - from);
  for (std::size_t x = first + 1; x < last; ++x) coverage[x] += kShare;
  if (last < coverage.size()) coverage[last] += kShare * static_cast<float>(to - static_cast<double>(last));
}

std::uint8_t blend(std::uint8_t below, std::uint8_t above, float share) {
  const float mixed = static_cast<float>(below) + share * (static_cast<float>(above) - static_cast<float>(below));
  return static_cast<std::uint8_t>(std::lround(mixed));
}

}  // namespace

Point turned(Point p, double angle, Point origin) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {origin.x + c * p.x - s * p.y, origin.y + s * p.x + c * p.y};
}

Canvas::Canvas(Image& image, Point low, Point high) : image_(image), low_(low), coverage_(image.width) {
  const double width = high.x - low.x, height = high.y - low.y;
  scale_ = std::min(image.width / width, image.height / height);
  left_ = 0.5 * (image.width - scale_ * width);
  bottom_ = 0.5 * (image.height - scale_ * height);
}

Point Canvas::to_pixels(Point p) const {
  return {left_ + scale_ * (p.x - low_.x), image_.height - bottom_ - scale_ * (p.y - low_.y)};
}

void Canvas::clear(Color color) {
  for (std::size_t i = 0; i + 2 < image_.rgb.size(); i += 3) {
    image_.rgb[i] = color.red;
    image_.rgb[i + 1] = color.green;
    image_.rgb[i + 2] = color.blue;
  }
}

void Canvas::fill(std::span<const Point> pixels, Color color) {
  double top = image_.height, bottom = 0.0;
  for (const Point& p : pixels) {
    if (!std::isfinite(p.x) || !std::isfinite(p.y)) return;
    top = std::min(top, p.y);
    bottom = std::max(bottom, p.y);
  }
  const int first = std::max(0, static_cast<int>(std::floor(std::max(top, 0.0))));
  const int last = std::min(image_.height - 1, static_cast<int>(std::floor(std::min<double>(bottom, image_.height))));
  for (int y = first; y <= last; ++y) {
    std::fill(coverage_.begin(), coverage_.end(), 0.0f);
    for (int cut = 0; cut < kLinesPerPixel; ++cut) {
      const double at = y + (cut + 0.5) / kLinesPerPixel;
      crossings_.clear();
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        const Point& a = pixels[i];
        const Point& b = pixels[(i + 1) % pixels.size()];
        if ((a.y <= at) == (b.y <= at)) continue;
        crossings_.push_back(a.x + (at - a.y) / (b.y - a.y) * (b.x - a.x));
      }
      std::sort(crossings_.begin(), crossings_.end());
      for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2) add_span(coverage_, crossings_[i], crossings_[i + 1]);
    }
    std::uint8_t* pixel = image_.row(y);
    for (const float share : coverage_) {
      if (share > 0.0f) {
        const float s = std::min(share, 1.0f);
        pixel[0] = blend(pixel[0], color.red, s);
        pixel[1] = blend(pixel[1], color.green, s);
        pixel[2] = blend(pixel[2], color.blue, s);
      }
      pixel += 3;
    }
  }
}

void Canvas::polygon(std::span<const Point> corners, Color color) {
  std::vector<Point> pixels;
  for (const Point& corner : corners) pixels.push_back(to_pixels(corner));
  fill(pixels, color);
}

void Canvas::circle(Point center, double radius, Color color) {
  constexpr int kCorners = 72;
  std::array<Point, kCorners> corners;
  for (int i = 0; i < kCorners; ++i) corners[i] = turned({radius, 0.0}, 2.0 * std::numbers::pi * i / kCorners, center);
  polygon(corners, color);
}

void Canvas::line(Point from, Point to, double width, Color color) {
  const Point ends[] = {from, to};
  curve(ends, width, color);
}

// One outline, there and back, so that overlapping pieces are not blended twice.
void Canvas::curve(std::span<const Point> points, double width, Color color) {
  constexpr int kCapCorners = 8;
  if (points.size() < 2) return;
  std::vector<Point> there, back;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& before = points[i == 0 ? 0 : i - 1];
    const Point& after = points[i + 1 == points.size() ? i : i + 1];
    const double angle = std::atan2(after.y - before.y, after.x - before.x);
    if (i == 0 || i + 1 == points.size()) {
      const double start = i == 0 ? angle + 0.5 * std::numbers::pi : angle - 0.5 * std::numbers::pi;
      for (int k = 0; k <= kCapCorners; ++k)
        there.push_back(turned({0.5 * width, 0.0}, start + std::numbers::pi * k / kCapCorners, points[i]));
    } else {
      there.push_back(turned({0.0, -0.5 * width}, angle, points[i]));
      back.push_back(turned({0.0, 0.5 * width}, angle, points[i]));
    }
  }
  there.insert(there.end(), back.rbegin(), back.rend());
  polygon(there, color);
}

void Canvas::arrow(Point from, Point to, double width, Color color) {
  const double length = std::hypot(to.x - from.x, to.y - from.y), angle = std::atan2(to.y - from.y, to.x - from.x);
  const double head = std::min(length, 4.0 * width);
  if (length > head) line(from, turned({length - head, 0.0}, angle, from), width, color);
  const Point corners[] = {to, turned({length - head, 0.5 * head}, angle, from),
                           turned({length - head, -0.5 * head}, angle, from)};
  polygon(corners, color);
}

void Canvas::arc(Point center, double radius, double from, double to, double width, Color color) {
  constexpr int kPieces = 48;
  std::vector<Point> points;
  for (int i = 0; i <= kPieces; ++i) points.push_back(turned({radius, 0.0}, from + (to - from) * i / kPieces, center));
  curve(points, width, color);
}

void Canvas::rectangle(Point low, Point high, Color color) {
  const Point corners[] = {low, {high.x, low.y}, high, {low.x, high.y}};
  polygon(corners, color);
}

}  // namespace softac

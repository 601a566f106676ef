// Filled shapes with smooth edges in a plane whose y axis points up.
#pragma once

#include <span>
#include <vector>

#include "render/image.h"

namespace softac {

struct Point {
  double x = 0.0, y = 0.0;
};

// p turned by `angle` (rad, counter-clockwise) about the origin, then moved by `origin`.
Point turned(Point p, double angle, Point origin = {});

class Canvas {
 public:
  // Shows the rectangle from `low` to `high` as large as the image allows, in its middle.
  Canvas(Image& image, Point low, Point high);

  void clear(Color color);
  void polygon(std::span<const Point> corners, Color color);  // its inside by the even-odd rule
  void circle(Point center, double radius, Color color);
  void line(Point from, Point to, double width, Color color);            // with round ends
  void curve(std::span<const Point> points, double width, Color color);  // the same along all points
  void arrow(Point from, Point to, double width, Color color);           // its head included in its length
  void arc(Point center, double radius, double from, double to, double width, Color color);  // angles in rad
  void rectangle(Point low, Point high, Color color);

  double pixels_per_unit() const { return scale_; }

 private:
  Point to_pixels(Point p) const;
  void fill(std::span<const Point> pixels, Color color);

  Image& image_;
  Point low_;
  double scale_ = 1.0, left_ = 0.0, bottom_ = 0.0;
  std::vector<float> coverage_;  // of one row
  std::vector<double> crossings_;
};

}  // namespace softac

// Writes SVG: shapes and text in the drawing's units (pixels), x to the right, y downwards.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "figure/colors.h"

namespace softac::figure {

// Colours are names of figure/colors.h or "#rrggbb".
enum class Ink {
  file,  // names become colours in attributes: a document of its own, on white
  page,  // names become classes, stroke s-NAME and fill f-NAME, which the page's style sheet colours (ink_css)
};

struct Stroke {
  std::string color = {};
  double width = 1.0;
  std::string dash = {};  // "5 4"; "": solid
  double opacity = 1.0;
  std::string css = {};  // further classes, of pages
};

struct Point {
  double x, y;
};

struct TextStyle {
  double size = 11.0;
  const char* anchor = "start";  // start, middle, end
  std::string color = "text";
  bool bold = false;
  double angle = 0.0;  // degrees, clockwise about its place
};

class Svg {
 public:
  explicit Svg(Ink ink) : ink_(ink) {}

  // `stroke` may be nullptr, `fill` "" for none.
  void rect(double x, double y, double width, double height, const std::string& fill, const Stroke* stroke = nullptr);
  void circle(double x, double y, double radius, const std::string& fill, double opacity = 1.0,
              const std::string& css = "");
  void line(double x1, double y1, double x2, double y2, const Stroke& stroke);
  // Through the points; one that is not finite interrupts it. A single point between two gaps is a dot.
  void curve(std::span<const Point> points, const Stroke& stroke);
  // The closed shape, filled.
  void area(std::span<const Point> points, const std::string& fill, double opacity, const std::string& css = "");
  void text(double x, double y, std::string_view words, const TextStyle& style = {});
  // From (x, y) by (dx, dy), with a head.
  void arrow(double x, double y, double dx, double dy, const Stroke& stroke);
  // What is drawn between the two is clipped to the rectangle.
  void begin_clip(double x, double y, double width, double height);
  void end_clip() { body_ += "</svg>\n"; }
  // A legend of colours with the numbers of its ends beside it.
  void color_bar(double x, double y, double height, double low, double high, std::span<const Rgb> stops);
  // The width that color_bar takes.
  static double color_bar_width(double low, double high);

  // The document, its background white in files. attributes: further ones of <svg>, with a space before them.
  std::string finish(double width, double height, const std::string& title, const std::string& attributes = "") const;

 private:
  std::string paint(const Stroke* stroke, const std::string& fill, const std::string& css) const;

  Ink ink_;
  std::string body_;
};

// The rules behind the classes of Ink::page, with custom properties --NAME for light and dark.
std::string ink_css();

}  // namespace softac::figure

#include "figure/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "figure/text.h"
#include "figure/ticks.h"

namespace softac::figure {
namespace {

std::string number(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string out = text;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

std::string attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + value + "\"";
}

// Tenths of a pixel are enough for curves and make them half as long.
long tenths(double value) {
  return std::lround(10.0 * value);
}

std::string tenths_text(long value) {
  const long size = std::abs(value);
  std::string out = value < 0 ? "-" : "";
  if (size >= 10 || size == 0) out += std::to_string(size / 10);
  if (size % 10 != 0) out += "." + std::to_string(size % 10);
  return out;
}

bool finite(const Point& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

// Moves and lines as differences, in tenths of a pixel, of which errors do not add up.
class PathText {
 public:
  void move(const Point& to) {
    at_x_ = tenths(to.x);
    at_y_ = tenths(to.y);
    text_ += "M" + tenths_text(at_x_) + " " + tenths_text(at_y_);
    first_ = true;
  }
  void line(const Point& to) {
    const long x = tenths(to.x), y = tenths(to.y);
    const std::string dx = tenths_text(x - at_x_), dy = tenths_text(y - at_y_);
    text_ += first_ ? "l" : dx[0] == '-' ? "" : " ";
    text_ += dx + (dy[0] == '-' ? "" : " ") + dy;
    at_x_ = x;
    at_y_ = y;
    first_ = false;
  }
  void dot() { text_ += "h0"; }
  void close() { text_ += "z"; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  long at_x_ = 0, at_y_ = 0;
  bool first_ = true;
};

}  // namespace

std::string Svg::paint(const Stroke* stroke, const std::string& fill, const std::string& css) const {
  std::string classes = css, out;
  const auto color = [&](const char* property, const char* prefix, const std::string& name) {
    if (ink_ == Ink::file || name.starts_with('#'))
      out += attribute(property, hex_color(name));
    else
      classes += (classes.empty() ? "" : " ") + std::string(prefix) + name;
  };
  if (fill.empty())
    out += attribute("fill", "none");
  else
    color("fill", "f-", fill);
  if (stroke != nullptr) {
    color("stroke", "s-", stroke->color);
    if (!stroke->css.empty()) classes += (classes.empty() ? "" : " ") + stroke->css;
    if (stroke->width != 1.0) out += attribute("stroke-width", number(stroke->width));
    if (!stroke->dash.empty()) out += attribute("stroke-dasharray", stroke->dash);
    if (stroke->opacity != 1.0) out += attribute("stroke-opacity", number(stroke->opacity));
  }
  return (classes.empty() ? "" : attribute("class", classes)) + out;
}

void Svg::rect(double x, double y, double width, double height, const std::string& fill, const Stroke* stroke) {
  body_ += "<rect" + attribute("x", number(x)) + attribute("y", number(y)) + attribute("width", number(width)) +
           attribute("height", number(height)) + paint(stroke, fill, "") + "/>\n";
}

void Svg::circle(double x, double y, double radius, const std::string& fill, double opacity, const std::string& css) {
  body_ += "<circle" + attribute("cx", number(x)) + attribute("cy", number(y)) + attribute("r", number(radius)) +
           paint(nullptr, fill, css) + (opacity == 1.0 ? "" : attribute("fill-opacity", number(opacity))) + "/>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, const Stroke& stroke) {
  body_ += "<line" + attribute("x1", number(x1)) + attribute("y1", number(y1)) + attribute("x2", number(x2)) +
           attribute("y2", number(y2)) + paint(&stroke, "", "") + "/>\n";
}

void Svg::curve(std::span<const Point> points, const Stroke& stroke) {
  PathText path;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!finite(points[i])) continue;
    const bool begins = i == 0 || !finite(points[i - 1]), ends = i + 1 == points.size() || !finite(points[i + 1]);
    if (begins)
      path.move(points[i]);
    else
      path.line(points[i]);
    if (begins && ends) path.dot();
  }
  if (path.text().empty()) return;
  body_ += "<path" + attribute("d", path.text()) + paint(&stroke, "", "") +
           " stroke-linejoin=\"round\" stroke-linecap=\"" + (stroke.dash.empty() ? "round" : "butt") + "\"/>\n";
}

void Svg::area(std::span<const Point> points, const std::string& fill, double opacity, const std::string& css) {
  if (points.empty()) return;
  PathText path;
  path.move(points[0]);
  for (const Point& point : points.subspan(1)) path.line(point);
  path.close();
  body_ += "<path" + attribute("d", path.text()) + paint(nullptr, fill, css) +
           attribute("fill-opacity", number(opacity)) + "/>\n";
}

void Svg::text(double x, double y, std::string_view words, const TextStyle& style) {
  body_ += "<text" + attribute("x", number(x)) + attribute("y", number(y)) + paint(nullptr, style.color, "") +
           attribute("font-size", number(style.size));
  if (std::string_view(style.anchor) != "start") body_ += attribute("text-anchor", style.anchor);
  if (style.bold) body_ += attribute("font-weight", "bold");
  if (style.angle != 0.0)
    body_ += attribute("transform", "rotate(" + number(style.angle) + " " + number(x) + " " + number(y) + ")");
  body_ += ">" + escaped(words) + "</text>\n";
}

void Svg::arrow(double x, double y, double dx, double dy, const Stroke& stroke) {
  const double length = std::hypot(dx, dy);
  if (length < 0.5) return;
  const double ux = dx / length, uy = dy / length, head = std::min(5.0, 0.6 * length);
  const auto barb = [&](double side) {
    return Point{x + dx - head * (ux + side * uy), y + dy - head * (uy - side * ux)};
  };
  const Point tip = {x + dx, y + dy}, gap = {NAN, NAN};
  const Point points[] = {{x, y}, tip, gap, barb(-0.5), tip, barb(0.5)};
  curve(points, stroke);
}

void Svg::begin_clip(double x, double y, double width, double height) {
  const std::string x_text = number(x), y_text = number(y), w = number(width), h = number(height);
  body_ += "<svg" + attribute("x", x_text) + attribute("y", y_text) + attribute("width", w) + attribute("height", h) +
           attribute("viewBox", x_text + " " + y_text + " " + w + " " + h) + " preserveAspectRatio=\"none\">\n";
}

void Svg::color_bar(double x, double y, double height, double low, double high, std::span<const Rgb> stops) {
  constexpr int kSteps = 50;
  for (int i = 0; i < kSteps; ++i) {
    rect(x, y + height * (1.0 - (i + 1.0) / kSteps), 12, height / kSteps + (i > 0 ? 0.3 : 0.0),
         color_at((i + 0.5) / kSteps, stops));
  }
  text(x + 17, y + 9, short_number(high));
  text(x + 17, y + height, short_number(low));
}

double Svg::color_bar_width(double low, double high) {
  return 17 + std::max(text_width(short_number(low), 11), text_width(short_number(high), 11));
}

std::string Svg::finish(double width, double height, const std::string& title, const std::string& attributes) const {
  const std::string w = number(std::ceil(width)), h = number(std::ceil(height));
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\"";
  if (ink_ == Ink::file) out += attribute("width", w) + attribute("height", h);
  out += attribute("viewBox", "0 0 " + w + " " + h) + attribute("font-family", "sans-serif") + " role=\"img\"" +
         attribute("aria-label", escaped(title)) + attributes + ">\n";
  if (ink_ == Ink::file) out += "<rect width=\"" + w + "\" height=\"" + h + "\" fill=\"#ffffff\"/>\n";
  return out + body_ + "</svg>\n";
}

std::string ink_css() {
  std::string light, dark, rules;
  for (const NamedColor& color : named_colors()) {
    const std::string name(color.name);
    light += "--" + name + ":" + std::string(color.light) + ";";
    dark += "--" + name + ":" + std::string(color.dark) + ";";
    rules += ".s-" + name + "{stroke:var(--" + name + ")}.f-" + name + "{fill:var(--" + name + ")}\n";
  }
  return ":root{color-scheme:light dark;" + light + "}\n@media screen and (prefers-color-scheme:dark){:root{" + dark +
         "}}\n" + rules;
}

}  // namespace softac::figure

#include "bench_svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace softac::app {
namespace {

constexpr int kWidth = 320, kHeight = 260, kLeft = 58, kRight = 16, kTop = 34, kBottom = 44, kHead = 54;

std::string number(double value, const char* format = "%.1f") {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// 2000000 → "2M", 5000 → "5k", 0.25 → "0.25"
std::string tick_text(double value) {
  if (value >= 1e6) return number(value * 1e-6, "%.4gM");
  if (value >= 1e4) return number(value * 1e-3, "%.4gk");
  return number(value, "%.4g");
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

std::string text(double x, double y, const std::string& words, const std::string& attributes = "") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" + escaped(words) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\" " + attributes + "/>\n";
}

// Maps [low, high] to [from, to] on the logarithm, with a margin.
struct Axis {
  double low, high, from, to;
  Axis(double least, double most, double from_, double to_) : from(from_), to(to_) {
    const double margin = std::max(1.25, std::pow(most / least, 0.08));
    low = least / margin;
    high = most * margin;
  }
  double operator()(double v) const { return from + (to - from) * std::log(v / low) / std::log(high / low); }
};

std::string draw(const SvgPanel& panel, double left, double top) {
  double x_low = INFINITY, x_high = 0.0, y_low = INFINITY, y_high = 0.0;
  for (const SvgPoint& p : panel.points) {
    x_low = std::min(x_low, p.x);
    x_high = std::max(x_high, p.x);
    y_low = std::min(y_low, p.low);
    y_high = std::max(y_high, p.high);
  }
  const double x0 = left + kLeft, x1 = left + kWidth - kRight, y0 = top + kHeight - kBottom, y1 = top + kTop;
  const Axis x(x_low, x_high, x0, x1), y(y_low, y_high, y0, y1);
  std::string out = text(left + kLeft, top + 22, panel.title, "font-size=\"13\" font-weight=\"bold\"");
  for (const double tick : log_ticks(x.low, x.high)) {
    out += line(x(tick), y0, x(tick), y1, "stroke=\"#e4e4e4\"");
    out += text(x(tick), y0 + 15, tick_text(tick), "text-anchor=\"middle\"");
  }
  for (const double tick : log_ticks(y.low, y.high)) {
    out += line(x0, y(tick), x1, y(tick), "stroke=\"#e4e4e4\"");
    out += text(x0 - 5, y(tick) + 4, tick_text(tick), "text-anchor=\"end\"");
  }
  out += "<rect x=\"" + number(x0) + "\" y=\"" + number(y1) + "\" width=\"" + number(x1 - x0) + "\" height=\"" +
         number(y0 - y1) + "\" fill=\"none\" stroke=\"#888\"/>\n";
  out += text((x0 + x1) / 2, y0 + 33, panel.x_label, "text-anchor=\"middle\"");
  const double at_x = left + 14, at_y = (y0 + y1) / 2;
  out += text(at_x, at_y, panel.y_label,
              "text-anchor=\"middle\" transform=\"rotate(-90 " + number(at_x) + " " + number(at_y) + ")\"");
  if (panel.factor > 0.0) {
    const auto fit = [&](double v) { return std::clamp(panel.factor * std::pow(v, panel.exponent), y.low, y.high); };
    out += line(x(x_low), y(fit(x_low)), x(x_high), y(fit(x_high)), "stroke=\"#c0392b\" stroke-dasharray=\"5 4\"");
  }
  for (const SvgPoint& p : panel.points) {
    out += line(x(p.x), y(p.low), x(p.x), y(p.high), "stroke=\"#1f5fa8\"");
    out += "<circle cx=\"" + number(x(p.x)) + "\" cy=\"" + number(y(p.y)) + "\" r=\"3.5\" fill=\"#1f5fa8\"/>\n";
  }
  return out;
}

}  // namespace

std::vector<double> log_ticks(double low, double high, int most) {
  const int first = static_cast<int>(std::floor(std::log10(low))),
            last = static_cast<int>(std::floor(std::log10(high)));
  std::vector<double> ticks;
  for (const std::vector<double>& steps : {std::vector<double>{1, 2, 5}, std::vector<double>{1}}) {
    ticks.clear();
    for (int decade = first; decade <= last; ++decade) {
      for (const double step : steps) {
        const double tick = step * std::pow(10.0, decade);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
      }
    }
    if (static_cast<int>(ticks.size()) <= most) break;
  }
  while (static_cast<int>(ticks.size()) > most) {  // every second one
    for (std::size_t i = 0; i < ticks.size() / 2; ++i) ticks[i] = ticks[2 * i];
    ticks.resize((ticks.size() + 1) / 2);
  }
  if (ticks.empty()) ticks = {low, high};
  return ticks;
}

std::string log_log_svg(const std::string& title, const std::string& note, const std::vector<SvgPanel>& panels,
                        int columns) {
  const int count = static_cast<int>(panels.size()), across = std::clamp(count, 1, columns),
            down = (count + across - 1) / across, width = across * kWidth + 10, height = kHead + down * kHeight + 6;
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(width) + "\" height=\"" +
                    std::to_string(height) + "\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"" +
                    std::to_string(width) + "\" height=\"" + std::to_string(height) + "\" fill=\"white\"/>\n";
  out += text(14, 24, title, "font-size=\"16\"") + text(14, 42, note, "fill=\"#555\"");
  for (int i = 0; i < count; ++i) out += draw(panels[i], i % across * kWidth, kHead + i / across * kHeight);
  return out + "</svg>\n";
}

}  // namespace softac::app

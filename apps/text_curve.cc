#include "text_curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace softac::app {
namespace {

constexpr std::size_t kLeastColumns = 8;
constexpr double kEmpty = std::numeric_limits<double>::quiet_NaN();

std::string scale_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string step_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

// The mean y of each column of dots; columns between two points lie on the line between them.
std::vector<double> column_means(std::span<const double> x, std::span<const double> y, std::size_t columns) {
  std::vector<double> sums(columns, 0.0), counts(columns, 0.0);
  const double low = x.front(), span = std::max(x.back() - low, 1e-300);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = (x[i] - low) / span * static_cast<double>(columns - 1);
    const auto column = static_cast<std::size_t>(std::clamp(std::round(at), 0.0, static_cast<double>(columns - 1)));
    sums[column] += y[i];
    counts[column] += 1.0;
  }
  std::vector<double> out(columns, kEmpty);
  std::size_t before = columns;  // the last column with points
  for (std::size_t c = 0; c < columns; ++c) {
    if (counts[c] == 0.0) continue;
    out[c] = sums[c] / counts[c];
    for (std::size_t k = before + 1; before < columns && k < c; ++k) {
      const double share = static_cast<double>(k - before) / static_cast<double>(c - before);
      out[k] = out[before] + share * (out[c] - out[before]);
    }
    before = c;
  }
  return out;
}

// Dots of a curve, row 0 at the top.
class DotField {
 public:
  DotField(std::size_t columns, std::size_t rows) : columns_(columns), dots_(columns * rows, false) {}
  void set(std::size_t column, std::size_t row) { dots_[row * columns_ + column] = true; }
  bool at(std::size_t column, std::size_t row) const { return dots_[row * columns_ + column]; }

 private:
  std::size_t columns_;
  std::vector<bool> dots_;
};

// Joined: a step from one column to the next is filled.
DotField field_of(const std::vector<double>& heights, std::size_t rows, double low, double high) {
  DotField field(heights.size(), rows);
  const auto row_of = [&](double y) {
    const double share = high > low ? (y - low) / (high - low) : 0.5;
    return static_cast<std::size_t>(std::round((1.0 - share) * static_cast<double>(rows - 1)));
  };
  std::size_t before = rows;
  for (std::size_t c = 0; c < heights.size(); ++c) {
    if (std::isnan(heights[c])) continue;
    const std::size_t row = row_of(heights[c]);
    std::size_t first = row, last = row;
    if (before < rows && before < row) first = before + 1;
    if (before < rows && before > row) last = before - 1;
    for (std::size_t r = first; r <= last; ++r) field.set(c, r);
    before = row;
  }
  return field;
}

// U+2800 and a bit for each of 2 × 4 dots.
std::string braille_cell(const DotField& field, std::size_t column, std::size_t row) {
  constexpr std::array<std::array<unsigned, 2>, 4> kBits = {{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
  unsigned code = 0x2800;
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 2; ++c) {
      if (field.at(2 * column + c, 4 * row + r)) code |= kBits[r][c];
    }
  }
  return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

}  // namespace

std::vector<std::string> text_curve(std::span<const double> x, std::span<const double> y, CurveSize size, bool utf8) {
  std::vector<double> xs, ys;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(y[i]) || !std::isfinite(x[i])) continue;
    xs.push_back(x[i]);
    ys.push_back(y[i]);
  }
  if (xs.size() < 2 || size.rows < 2) return {};
  const auto [low, high] = std::ranges::minmax(ys);
  const std::string top = scale_text(high), bottom = scale_text(low);
  const std::size_t scale = std::max(top.size(), bottom.size());
  if (size.width < scale + 2 + kLeastColumns) return {};
  const std::size_t columns = size.width - scale - 2;
  const DotField field =
      field_of(column_means(xs, ys, utf8 ? 2 * columns : columns), utf8 ? 4 * size.rows : size.rows, low, high);
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < size.rows; ++row) {
    const std::string label = row == 0 ? top : row + 1 == size.rows ? bottom : "";
    std::string line = padded(label, scale) + (utf8 ? (label.empty() ? " │" : " ┤") : (label.empty() ? " |" : " +"));
    for (std::size_t column = 0; column < columns; ++column)
      line += utf8 ? braille_cell(field, column, row) : field.at(column, row) ? "*" : " ";
    lines.push_back(std::move(line));
  }
  const std::string begin = step_text(xs.front()), end = step_text(xs.back());
  if (begin.size() + end.size() < columns)
    lines.push_back(std::string(scale + 2, ' ') + begin + padded(end, columns - begin.size()));
  return lines;
}

}  // namespace softac::app

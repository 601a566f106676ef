// A curve of characters: Braille dots, or ASCII.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace softac::app {

struct CurveSize {
  std::size_t width = 60, rows = 6;  // characters, the scale included; a line with the ends of x comes below
};

// x ascending, y: equally many. y that is not finite is left out. Lines of at most size.width characters; none with
// fewer than two points or no room.
std::vector<std::string> text_curve(std::span<const double> x, std::span<const double> y, CurveSize size, bool utf8);

}  // namespace softac::app

// PNG of a drawing, made by rsvg-convert (Debian: librsvg2-bin), which reads and writes through pipes.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace softac::report {

// zoom: pixels per unit of the drawing. Throws IoError where the program is missing, with what installs it, or fails.
// The caller must ignore SIGPIPE: a program that dies early is an error of its exit, not of this process.
std::vector<std::byte> png_of_svg(std::string_view svg, double zoom = 2.0);

}  // namespace softac::report

// Text in drawings: how wide it is, where its lines break, and how it is written into XML and HTML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace softac::figure {

// Width in the units of `size` (the font's size) in DejaVu Sans, the widest of the usual sans-serif fonts: what has
// room for it is cut off with none of them.
double text_width(std::string_view text, double size);

// Lines of at most `width` each, broken at spaces, or within words that are wider; at least one line.
std::vector<std::string> wrapped(std::string_view text, double size, double width);

// The text, or as much of its start as fits in `width` with "…" behind it.
std::string shortened(std::string_view text, double size, double width);

// For XML and HTML, as content and between quotes: & < > " ' as entities; bytes that are no UTF-8 and characters that
// XML does not have become U+FFFD.
std::string escaped(std::string_view text);

}  // namespace softac::figure

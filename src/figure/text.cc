#include "figure/text.h"

#include <array>
#include <cstdint>

namespace softac::figure {
namespace {

// Advance widths of DejaVu Sans, thousandths of the size, from the space on.
constexpr std::array<std::uint16_t, 95> kWidths = {
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838};

constexpr char32_t kReplacement = 0xFFFD;

// Takes one character off the front; what is no UTF-8 is one replacement character a byte.
char32_t next_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  char32_t value = length == 1 ? first : length == 2 ? first & 0x1F : length == 3 ? first & 0x0F : first & 0x07;
  bool good = length > 0 && length <= text.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    good = (byte(i) & 0xC0) == 0x80;
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  good = good && value >= kLeast[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
  text.remove_prefix(good ? length : 1);
  return good ? value : kReplacement;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

double width_of(char32_t c) {
  if (c >= 32 && c < 127) return kWidths[c - 32] * 1e-3;
  if (c >= 0x300 && c < 0x370) return 0.0;   // combining
  if (c == 0x2013 || c == 0xB7) return 0.5;  // – ·
  if (c < 0x2000) return 0.8;                // Latin, Greek, Cyrillic and their like
  return 1.0;
}

}  // namespace

double text_width(std::string_view text, double size) {
  double width = 0.0;
  while (!text.empty()) width += width_of(next_character(text));
  return width * size;
}

std::vector<std::string> wrapped(std::string_view text, double size, double width) {
  std::vector<std::string> lines(1);
  double used = 0.0;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    const double needed = text_width(word, size), gap = used > 0.0 ? text_width(" ", size) : 0.0;
    if (used > 0.0 && used + gap + needed > width) {
      lines.emplace_back();
      used = 0.0;
    } else if (used > 0.0) {
      lines.back() += ' ';
      used += gap;
    }
    for (std::string_view rest = word; !rest.empty();) {
      const char32_t c = next_character(rest);
      if (used > 0.0 && used + width_of(c) * size > width) {
        lines.emplace_back();
        used = 0.0;
      }
      append_utf8(lines.back(), c);
      used += width_of(c) * size;
    }
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return lines;
}

std::string shortened(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  std::string out;
  for (double used = width_of(U'…') * size; !text.empty();) {
    const char32_t c = next_character(text);
    used += width_of(c) * size;
    if (used > width) break;
    append_utf8(out, c);
  }
  return out + "…";
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char32_t c = next_character(text);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if ((c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0) || c == 0xFFFE || c == 0xFFFF)
      append_utf8(out, kReplacement);
    else
      append_utf8(out, c);
  }
  return out;
}

}  // namespace softac::figure

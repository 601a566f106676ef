#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "softac/error.h"
#include "standard_streams.h"

namespace softac::app {
namespace {

// Cuts UTF-8 text to a number of characters.
std::string cut_to_width(const std::string& text, std::size_t width) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && count++ == width) return text.substr(0, i);
  }
  return text;
}

}  // namespace

Terminal::Terminal() {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  const bool dumb = term == nullptr || std::string_view(term).empty() || std::string_view(term) == "dumb";
  animated_ = isatty(STDERR_FILENO) == 1 && !dumb;
  color_ = animated_ && (no_color == nullptr || *no_color == '\0');
}

void Terminal::info(const std::string& text) {
  if (!quiet_) message("", "", text);
}
void Terminal::warning(const std::string& text) {
  message("warning: ", "\033[33m", text);
}
void Terminal::error(const std::string& text) {
  message("error: ", "\033[31m", text);
}

void Terminal::message(const char* label, const char* color, const std::string& text) {
  clear_status();
  const bool colored = color_ && *label != '\0';
  std::fprintf(stderr, "%s%s%s%s\n", colored ? color : "", label, colored ? "\033[0m" : "", text.c_str());
}

void Terminal::status(const std::string& line) {
  if (!animated_ || quiet_) return;
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  const std::string cut = cut_to_width(line, known ? size.ws_col - 1u : 79u);
  std::fprintf(stderr, "\r\033[K%s", cut.c_str());
  std::fflush(stderr);
  status_shown_ = true;
}

void Terminal::clear_status() {
  if (!status_shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  status_shown_ = false;
}

void print_result(const std::string& text) {
  std::FILE* const out = result_stream();
  const bool written = std::fputs(text.c_str(), out) >= 0 && std::fputc('\n', out) != EOF && std::fflush(out) == 0;
  if (!written) throw DiskError("standard output cannot be written");
}

}  // namespace softac::app

#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "progress_line.h"
#include "softac/error.h"
#include "standard_streams.h"

namespace softac::app {
namespace {

// Whether the locale that the environment names is one of UTF-8, installed or not.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text = value;
    std::erase(text, '-');
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

Terminal::Terminal() {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  const bool dumb = term == nullptr || std::string_view(term).empty() || std::string_view(term) == "dumb";
  animated_ = isatty(STDERR_FILENO) == 1 && !dumb;
  utf8_ = locale_is_utf8();
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

std::size_t Terminal::width() const {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col - 1u : 79u;  // the last column is left free: some terminals wrap there
}

void Terminal::status(const std::string& line) {
  if (!animated_ || quiet_) return;
  std::fprintf(stderr, "\r\033[K%s", text_start(line, width()).c_str());
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

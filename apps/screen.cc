#include "screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "terminal.h"

namespace softac::app {
namespace {

winsize terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

}  // namespace

Screen::Screen() {
  const char* const term = std::getenv("TERM");
  redraws_ = isatty(STDOUT_FILENO) == 1 && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

std::size_t Screen::width() const {
  const winsize size = terminal_size();
  return size.ws_col > 1 ? size.ws_col - 1u : 80u;
}

std::size_t Screen::height() const {
  const winsize size = terminal_size();
  return size.ws_row > 1 ? size.ws_row - 1u : 24u;
}

void Screen::draw(const std::vector<std::string>& lines) {
  std::string text;
  if (redraws_ && drawn_ > 0) text = "\033[" + std::to_string(drawn_) + "A\r\033[J";
  for (std::size_t i = 0; i < lines.size(); ++i) text += (i > 0 ? "\n" : "") + lines[i];
  print_result(text);
  drawn_ = lines.size();
}

}  // namespace softac::app

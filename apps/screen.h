// Standard output as a few lines that are drawn again and again, or as lines one after the other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace softac::app {

class Screen {
 public:
  Screen();  // looks at standard output and TERM

  bool redraws() const { return redraws_; }  // a terminal that can move up
  std::size_t width() const;                 // characters of a line; 80 where there is no terminal
  std::size_t height() const;                // lines; 24 where there is no terminal

  // In place of what was drawn last; without redraws(), below it. Throws DiskError if standard output cannot take it.
  void draw(const std::vector<std::string>& lines);

 private:
  bool redraws_ = false;
  std::size_t drawn_ = 0;  // lines on the screen
};

}  // namespace softac::app

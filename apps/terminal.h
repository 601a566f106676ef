// What people see: messages on stderr, results on stdout, a progress bar only on a terminal.
#pragma once

#include <cstddef>
#include <string>

namespace softac::app {

class Terminal {
 public:
  // Looks at stderr, NO_COLOR and TERM.
  Terminal();

  void set_quiet(bool quiet) { quiet_ = quiet; }
  bool quiet() const { return quiet_; }
  bool animated() const { return animated_; }  // stderr is a terminal that can redraw a line
  bool utf8() const { return utf8_; }          // by LC_ALL, LC_CTYPE or LANG; else only ASCII is sure to be readable
  // Characters that a line of an animated terminal holds now; 79 where it does not say.
  std::size_t width() const;

  void info(const std::string& message);  // silent if quiet
  void warning(const std::string& message);
  void error(const std::string& message);

  // Redraws the status line. Only on an animated terminal, and not if quiet.
  void status(const std::string& line);
  // Removes the status line, before other output.
  void clear_status();

 private:
  void message(const char* label, const char* color, const std::string& text);

  bool quiet_ = false;
  bool animated_ = false;
  bool color_ = false;
  bool utf8_ = false;
  bool status_shown_ = false;
};

// Writes a result to stdout, with a newline. Throws DiskError if stdout cannot take it.
void print_result(const std::string& text);

}  // namespace softac::app

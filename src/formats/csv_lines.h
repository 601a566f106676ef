// Reading the CSV files that softac writes: lines of numbers, no quotes. A last line without its line end is being
// written and does not count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace softac {

class CsvLines {
 public:
  // text must outlive this; source names the file in messages.
  CsvLines(std::string_view text, std::string source) : text_(text), source_(std::move(source)) {}

  bool next();  // goes to the next complete line; false behind the last
  std::string_view line() const { return line_; }
  std::size_t line_number() const { return line_number_; }  // from 1

  // Cuts the line at its commas. With `expected`, throws IoError unless there are so many.
  const std::vector<std::string_view>& fields(std::size_t expected = 0);

  // Field i of the line that fields() has cut. Throw IoError unless it is a number (nan, inf and -inf too), or a whole
  // number from 0 on.
  double number(std::size_t i) const;
  std::int64_t count(std::size_t i) const;

  [[noreturn]] void fail(const std::string& what) const;  // IoError that names file and line

 private:
  std::string_view text_, line_;
  std::string source_;
  std::size_t next_begin_ = 0, line_number_ = 0;
  std::vector<std::string_view> fields_;
};

}  // namespace softac

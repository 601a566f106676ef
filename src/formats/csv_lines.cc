#include "formats/csv_lines.h"

#include <charconv>

#include "softac/error.h"

namespace softac {

namespace {

constexpr std::size_t kMaxShownBytes = 60;

// A field as a message shows it, without control characters.
std::string shown_field(std::string_view field) {
  std::string out;
  for (const char c : field.substr(0, kMaxShownBytes))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return "\"" + out + (field.size() > kMaxShownBytes ? "…\"" : "\"");
}

template <class T>
bool reads_whole(std::string_view field, T& value) {
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  return error == std::errc() && end == field.data() + field.size() && !field.empty();
}

}  // namespace

bool CsvLines::next() {
  const std::size_t end = text_.find('\n', next_begin_);
  if (end == std::string_view::npos) return false;
  line_ = text_.substr(next_begin_, end - next_begin_);
  next_begin_ = end + 1;
  ++line_number_;
  return true;
}

const std::vector<std::string_view>& CsvLines::fields(std::size_t expected) {
  fields_.clear();
  for (std::size_t begin = 0, end; begin <= line_.size(); begin = end + 1) {
    end = std::min(line_.find(',', begin), line_.size());
    fields_.push_back(line_.substr(begin, end - begin));
  }
  if (expected != 0 && fields_.size() != expected)
    fail("expected " + std::to_string(expected) + " columns, found " + std::to_string(fields_.size()));
  return fields_;
}

double CsvLines::number(std::size_t i) const {
  double value = 0.0;
  if (!reads_whole(fields_[i], value))
    fail(shown_field(fields_[i]) + " in column " + std::to_string(i + 1) + " is no number");
  return value;
}

std::int64_t CsvLines::count(std::size_t i) const {
  std::int64_t value = 0;
  if (!reads_whole(fields_[i], value) || value < 0)
    fail(shown_field(fields_[i]) + " in column " + std::to_string(i + 1) + " is no whole number of at least 0");
  return value;
}

void CsvLines::fail(const std::string& what) const {
  throw IoError(source_ + ": line " + std::to_string(line_number_) + ": " + what);
}

}  // namespace softac

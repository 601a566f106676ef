#include "config/setting_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace softac {

std::string to_toml(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string out(text.data(), end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";  // stays a float in TOML
  return out;
}

std::string to_toml(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", byte);
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

namespace {
template <class T>
std::string list_text(const std::vector<T>& entries) {
  std::string out = "[";
  for (std::size_t i = 0; i < entries.size(); ++i) out += (i > 0 ? ", " : "") + to_toml(entries[i]);
  return out + "]";
}

struct Print {
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return to_toml(v); }
  std::string operator()(const std::string& v) const { return to_toml(v); }
  template <class T>
  std::string operator()(const std::vector<T>& v) const {
    return list_text(v);
  }
};
}  // namespace

std::string to_toml(const SettingValue& value) {
  return std::visit(Print{}, value);
}

}  // namespace softac

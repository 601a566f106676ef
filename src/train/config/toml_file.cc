#include "train/config/toml_file.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#define TOML_HEADER_ONLY 1
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

#include "softac/error.h"

namespace softac {
namespace {

std::string position_text(const std::string& name, const toml::source_region& source) {
  return name + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column);
}

// A list of numbers or a list of texts; nothing for any other.
std::optional<SettingValue> list_value(const toml::array& array) {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const toml::node& node : array) {
    if (const auto* integer = node.as_integer())
      numbers.push_back(static_cast<double>(integer->get()));
    else if (const auto* number = node.as_floating_point())
      numbers.push_back(number->get());
    else if (const auto* text = node.as_string())
      texts.push_back(text->get());
    else
      return std::nullopt;
  }
  if (!numbers.empty() && !texts.empty()) return std::nullopt;
  if (!texts.empty()) return SettingValue(texts);
  return SettingValue(numbers);
}

std::optional<SettingValue> node_value(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return SettingValue(flag->get());
  if (const auto* integer = node.as_integer()) return SettingValue(static_cast<std::int64_t>(integer->get()));
  if (const auto* number = node.as_floating_point()) return SettingValue(number->get());
  if (const auto* text = node.as_string()) return SettingValue(text->get());
  if (const auto* array = node.as_array()) return list_value(*array);
  return std::nullopt;
}

struct Flatten {
  const std::string& name;
  const std::string& origin;
  TomlSettings& out;

  void table(const toml::table& nodes, const std::string& prefix) {
    std::vector<std::pair<const toml::key*, const toml::node*>> in_order;  // as written, not as sorted
    for (const auto& [toml_key, node] : nodes) in_order.emplace_back(&toml_key, &node);
    std::sort(in_order.begin(), in_order.end(), [](const auto& a, const auto& b) {
      const auto& x = a.first->source().begin;
      const auto& y = b.first->source().begin;
      return std::pair(x.line, x.column) < std::pair(y.line, y.column);
    });
    for (const auto& [key_node, node_pointer] : in_order) {
      const toml::key& toml_key = *key_node;
      const toml::node& node = *node_pointer;
      const std::string key = prefix + std::string(toml_key.str());
      const std::string where = position_text(name, toml_key.source());
      if (const auto* inner = node.as_table()) {
        if (key == "origin")
          origins(*inner);
        else
          table(*inner, key + ".");
        continue;
      }
      out.where[key] = where;
      if (auto value = node_value(node))
        out.entries.push_back({key, std::move(*value), origin});
      else
        out.violations.push_back(where + ": " + key +
                                 ": a value of this kind is no setting (expected true, false, a number, a text, or a "
                                 "list of numbers or of texts)");
    }
  }
  void origins(const toml::table& nodes) {
    for (const auto& [key, node] : nodes) {
      if (const auto* text = node.as_string())
        out.origin[std::string(key.str())] = text->get();
      else
        out.violations.push_back(position_text(name, key.source()) + ": origin." + std::string(key.str()) +
                                 ": expected a text");
    }
  }
};

}  // namespace

TomlSettings parse_toml_settings(const std::string& text, const std::string& name, const std::string& origin) {
  if (text.size() > kMaxTomlBytes)
    throw IoError(name + ": larger than " + std::to_string(kMaxTomlBytes) + " bytes, which no settings file is");
  TomlSettings out;
  try {
    const toml::table root = toml::parse(text, name);
    Flatten{name, origin, out}.table(root, "");
  } catch (const toml::parse_error& error) {
    throw IoError(position_text(name, error.source()) + ": not valid TOML: " + std::string(error.description()));
  }
  return out;
}

TomlSettings read_toml_settings(const std::string& path, const std::string& origin) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError(path + ": cannot be opened");
  std::string text;
  text.resize(kMaxTomlBytes + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) throw IoError(path + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_toml_settings(text, path, origin);
}

std::vector<SettingEntry> parse_key_value(const std::string& text, const std::string& origin) {
  const auto equals = text.find('=');
  auto trimmed = [](std::string part) {
    const auto first = part.find_first_not_of(" \t");
    if (first == std::string::npos) return std::string();
    return part.substr(first, part.find_last_not_of(" \t") - first + 1);
  };
  const std::string key = equals == std::string::npos ? "" : trimmed(text.substr(0, equals));
  if (key.empty()) throw ConfigError("\"" + text + "\": expected key=value");
  const std::string value_text = trimmed(text.substr(equals + 1));
  if (value_text.size() <= kMaxTomlBytes && value_text.find('\n') == std::string::npos) {
    try {
      const toml::table root = toml::parse("value = " + value_text);
      const toml::node& node = *root.get("value");
      if (const auto* table = node.as_table()) {
        TomlSettings out;
        Flatten{origin, origin, out}.table(*table, key + ".");
        if (out.violations.empty()) return std::move(out.entries);
      } else if (auto value = node_value(node)) {
        return {{key, std::move(*value), origin}};
      }
    } catch (const toml::parse_error&) {
      // Not TOML: a bare word such as auto or relu.
    }
  }
  return {{key, value_text, origin}};
}

}  // namespace softac

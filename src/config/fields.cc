#include "config/fields.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/nearest_match.h"

namespace softac {
namespace {

template <class Enum>
std::string enum_kind() {
  std::string out;
  for (const auto name : EnumNames<Enum>::value) out += (out.empty() ? "" : " | ") + std::string(name);
  return out;
}

template <class Field>
std::string kind_of(const Field&) {
  if constexpr (std::is_same_v<Field, bool>)
    return "true | false";
  else if constexpr (std::is_integral_v<Field>)
    return "integer";
  else if constexpr (std::is_same_v<Field, double>)
    return "number";
  else if constexpr (std::is_same_v<Field, std::string>)
    return "text";
  else if constexpr (std::is_same_v<Field, std::vector<int>>)
    return "list of integers";
  else if constexpr (std::is_same_v<Field, std::vector<std::string>>)
    return "list of texts";
  else
    return enum_kind<Field>();
}
template <class Bool, class Double>
std::string kind_of(const AutoNumber<Bool, Double>& field) {
  return field.has_start ? "\"auto\", \"auto_X\" or number" : "\"auto\" or number";
}
template <class Rule, class Double>
std::string kind_of(const EntropyTarget<Rule, Double>&) {
  return "\"auto\", \"half\", \"sigma_X\" or number";
}
template <class Integer>
std::string kind_of(const CountOrAll<Integer>&) {
  return "\"all\" or integer";
}

// The value as a double, or nothing if it is no number.
std::optional<double> as_number(const SettingValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

// The value as an integer; 1e6 is one, 1.5 is not.
template <class Integer>
std::optional<Integer> as_integer(const SettingValue& value) {
  using Limits = std::numeric_limits<Integer>;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    if (std::is_unsigned_v<Integer> && *integer < 0) return std::nullopt;
    if (sizeof(Integer) < 8 &&
        (*integer < static_cast<std::int64_t>(Limits::min()) || *integer > static_cast<std::int64_t>(Limits::max())))
      return std::nullopt;
    return static_cast<Integer>(*integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    constexpr double kExact = 9007199254740992.0;  // 2^53: every integer up to here is a double
    if (std::nearbyint(*number) != *number || std::abs(*number) > kExact) return std::nullopt;
    return as_integer<Integer>(SettingValue(static_cast<std::int64_t>(*number)));
  }
  return std::nullopt;
}

template <class Integer>
bool assign(Integer& field, const SettingValue& value) requires std::is_integral_v<Integer> {
  if constexpr (std::is_same_v<Integer, bool>) {
    const auto* flag = std::get_if<bool>(&value);
    if (flag) field = *flag;
    return flag != nullptr;
  } else {
    const auto integer = as_integer<Integer>(value);
    if (integer) field = *integer;
    return integer.has_value();
  }
}
bool assign(double& field, const SettingValue& value) {
  const auto number = as_number(value);
  if (number) field = *number;
  return number.has_value();
}
bool assign(std::string& field, const SettingValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text) field = *text;
  return text != nullptr;
}
bool assign(std::vector<int>& field, const SettingValue& value) {
  const auto* numbers = std::get_if<std::vector<double>>(&value);
  if (!numbers) return false;
  std::vector<int> out;
  for (const double number : *numbers) {
    const auto integer = as_integer<int>(number);
    if (!integer) return false;
    out.push_back(*integer);
  }
  field = out;
  return true;
}
bool assign(std::vector<std::string>& field, const SettingValue& value) {
  const auto* numbers = std::get_if<std::vector<double>>(&value);
  if (numbers && numbers->empty()) {
    field.clear();
    return true;
  }
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts) field = *texts;
  return texts != nullptr;
}
template <class Enum>
bool assign(Enum& field, const SettingValue& value) requires std::is_enum_v<Enum> {
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return false;
  for (std::size_t i = 0; i < EnumNames<Enum>::value.size(); ++i) {
    if (EnumNames<Enum>::value[i] == *text) {
      field = static_cast<Enum>(i);
      return true;
    }
  }
  return false;
}
// X of the text "<prefix>X".
std::optional<double> number_after(std::string_view prefix, const std::string& text) {
  if (!text.starts_with(prefix)) return {};
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + prefix.size(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return {};
  return number;
}
bool assign(AutoNumber<bool, double> field, const SettingValue& value) {
  if (const auto number = as_number(value)) {
    field.automatic = false;
    field.value = *number;
    return true;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return false;
  double start = field.has_start ? 1.0 : 0.0;
  if (field.has_start && text->starts_with("auto_")) {
    const auto number = number_after("auto_", *text);
    if (!number) return false;
    start = *number;
  } else if (*text != "auto") {
    return false;
  }
  field.automatic = true;
  field.value = start;
  return true;
}
bool assign(EntropyTarget<TargetEntropyRule, double> field, const SettingValue& value) {
  const auto set = [&](TargetEntropyRule rule, double number) {
    field.rule = rule;
    field.value = number;
    return true;
  };
  if (const auto number = as_number(value)) return set(TargetEntropyRule::number, *number);
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return false;
  if (*text == "auto") return set(TargetEntropyRule::automatic, 0.0);
  if (*text == "half") return set(TargetEntropyRule::half, 0.0);
  const auto sigma = number_after("sigma_", *text);
  return sigma && set(TargetEntropyRule::sigma, *sigma);
}
template <class Integer>
bool assign(CountOrAll<Integer> field, const SettingValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text && *text == "all") {
    field.value = std::numeric_limits<Integer>::max();
    return true;
  }
  return assign(field.value, value);
}

template <class Field>
std::string text_of(const Field& field) {
  if constexpr (std::is_same_v<Field, bool>)
    return field ? "true" : "false";
  else if constexpr (std::is_integral_v<Field>)
    return std::to_string(field);
  else if constexpr (std::is_enum_v<Field>)
    return to_toml(std::string(EnumNames<Field>::value[static_cast<std::size_t>(field)]));
  else if constexpr (std::is_same_v<Field, std::vector<int>>) {
    std::string out;
    for (const int entry : field) out += (out.empty() ? "" : ", ") + std::to_string(entry);
    return "[" + out + "]";
  } else if constexpr (std::is_same_v<Field, std::vector<std::string>>)
    return to_toml(SettingValue(field));
  else
    return to_toml(field);
}
template <class Bool, class Double>
std::string text_of(const AutoNumber<Bool, Double>& field) {
  if (!field.automatic) return to_toml(field.value);
  if (!field.has_start || field.value == 1.0) return "\"auto\"";
  return "\"auto_" + to_toml(field.value) + "\"";
}
template <class Rule, class Double>
std::string text_of(const EntropyTarget<Rule, Double>& field) {
  if (field.rule == TargetEntropyRule::number) return to_toml(field.value);
  if (field.rule == TargetEntropyRule::sigma) return "\"sigma_" + to_toml(field.value) + "\"";
  return field.rule == TargetEntropyRule::half ? "\"half\"" : "\"auto\"";
}
template <class Integer>
std::string text_of(const CountOrAll<Integer>& field) {
  return field.value == std::numeric_limits<Integer>::max() ? "\"all\"" : std::to_string(field.value);
}

}  // namespace

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  const TrainConfig config;
  for_each_setting(config, [&](const SettingInfo& info, const auto&) { names.emplace_back(info.name); });
  return names;
}

std::string canonical_setting_name(const std::string& key) {
  if (key == "net_arch.pi") return "net_arch_actor";
  if (key == "net_arch.qf") return "net_arch_critic";
  return key;
}

bool is_learner_setting(const std::string& name) {
  bool found = false;
  const SacConfig config;
  for_each_setting(config, [&](const SettingInfo& info, const auto&) { found = found || info.name == name; });
  return found;
}

namespace {

// "net_arch.pi" or "net_arch.qf" = []: that network alone is linear. An empty net_arch_actor or net_arch_critic means
// net_arch, so net_arch becomes empty, and the other network keeps its widths as its own.
bool makes_one_network_linear(SacConfig& config, const std::string& key, const SettingValue& value) {
  if (key != "net_arch.pi" && key != "net_arch.qf") return false;
  const auto* widths = std::get_if<std::vector<double>>(&value);
  if (widths == nullptr || !widths->empty()) return false;
  std::vector<int>&own = key == "net_arch.pi" ? config.net_arch_actor : config.net_arch_critic,
  &other = key == "net_arch.pi" ? config.net_arch_critic : config.net_arch_actor;
  if (other.empty()) other = config.net_arch;
  config.net_arch.clear();
  own.clear();
  return true;
}

}  // namespace

std::string assign_setting(TrainConfig& config, const std::string& key, const SettingValue& value) {
  if (makes_one_network_linear(config.sac, key, value)) return "";
  const std::string name = canonical_setting_name(key);
  bool found = false;
  std::string error;
  for_each_setting(config, [&](const SettingInfo& info, auto&& field) {
    if (info.name != name) return;
    found = true;
    if (!assign(field, value)) {
      const auto kind = kind_of(field);
      error = std::string(info.name) + " = " + to_toml(value) + ": expected " + kind;
      if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(field)>>) {
        const auto* text = std::get_if<std::string>(&value);
        constexpr auto& names = EnumNames<std::remove_cvref_t<decltype(field)>>::value;
        if (text) error += did_you_mean(*text, {names.begin(), names.end()});
      }
    }
  });
  if (!found) return "unknown setting \"" + key + "\"" + did_you_mean(key, setting_names());
  return error;
}

std::vector<SettingText> setting_texts(const TrainConfig& config) {
  std::vector<SettingText> texts;
  for_each_setting(config, [&](const SettingInfo& info, const auto& field) {
    texts.push_back({info, kind_of(field), text_of(field)});
  });
  return texts;
}

}  // namespace softac

// Collects broken rules of settings: each setting against its own range, then rules between settings, which are said
// only where the settings they name are in range by themselves.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text.h"
#include "softac/sac_settings.h"

namespace softac {

class SettingChecks {
 public:
  // A visitor for for_each_setting().
  template <class Field>
  void operator()(const SettingInfo& info, const Field& field) {
    if constexpr (std::is_same_v<Field, double>) {
      check_range(info, field, number_text(field));
    } else if constexpr (std::is_enum_v<Field>) {
      check_name(info, static_cast<long long>(field), EnumNames<Field>::value);
    } else if constexpr (std::is_integral_v<Field> && !std::is_same_v<Field, bool>) {
      check_range(info, static_cast<double>(field), std::to_string(field));
    } else if constexpr (std::is_same_v<Field, std::vector<int>>) {
      for (const int entry : field) check_range(info, entry, "entry " + std::to_string(entry));
      if (field.size() > 16) add(info.name, std::to_string(field.size()) + " layers: must be at most 16");
    }
  }
  template <class Bool, class Double>
  void operator()(const SettingInfo& info, const AutoNumber<Bool, Double>& field) {
    if (field.automatic && !field.has_start) return;
    check_range(info, field.value, (field.automatic ? "auto_" : "") + number_text(field.value));
    if (field.automatic && field.value == 0.0) add(info.name, "auto_0: must start above 0 (log α is learned)");
  }
  template <class Rule, class Double>
  void operator()(const SettingInfo& info, const EntropyTarget<Rule, Double>& field) {
    constexpr std::array<std::string_view, 4> names = {"number", "auto", "half", "sigma_X"};
    check_name(info, static_cast<long long>(field.rule), names);
    if (field.rule == TargetEntropyRule::number) check_range(info, field.value, number_text(field.value));
    if (field.rule == TargetEntropyRule::sigma && !(field.value >= 1e-30 && field.value <= 1e30))
      add(info.name, "sigma_" + number_text(field.value) + ": σ must be at least 1e-30 and at most 1e30");
  }
  template <class Integer>
  void operator()(const SettingInfo& info, const CountOrAll<Integer>& field) {
    if (field.value == std::numeric_limits<std::remove_const_t<Integer>>::max()) return;
    check_range(info, static_cast<double>(field.value), std::to_string(field.value));
  }

  // A number that is no setting.
  void range(const char* name, double value, double low, double high) {
    check_range({name, "", "", low, high}, value, number_text(value));
  }
  // Says `message` of the first key unless ok, or unless one of the keys is broken already.
  void rule(bool ok, std::initializer_list<std::string_view> keys, const std::string& message) {
    if (!ok && std::none_of(keys.begin(), keys.end(), [&](std::string_view key) { return broken(key); }))
      add(*keys.begin(), message);
  }
  void add(std::string_view key, const std::string& message) { violations_.push_back({std::string(key), message}); }
  bool broken(std::string_view key) const {
    return std::any_of(violations_.begin(), violations_.end(), [&](const auto& v) { return v.key == key; });
  }

  std::vector<SettingViolation> take() { return std::move(violations_); }

 private:
  void check_range(const SettingInfo& info, double value, const std::string& text);
  template <class Names>
  void check_name(const SettingInfo& info, long long value, const Names& names) {
    if (value >= 0 && value < static_cast<long long>(names.size())) return;
    std::string allowed;
    for (const std::string_view name : names) allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    add(info.name, "number " + std::to_string(value) + ": must be one of " + allowed);
  }

  std::vector<SettingViolation> violations_;
};

// The ranges of all the learner's settings, and what is no setting; the rules between them come after all ranges.
void check_ranges(const SacConfig& config, SettingChecks& checks);
void check_rules(const SacConfig& config, SettingChecks& checks);

// What is asked of SacAgent beside its settings.
void check_execution(int threads, const std::string& backend, SettingChecks& checks);
// Settings, sizes and execution of a SacAgent together.
void check_agent(const SacConfig& config, int obs_dim, int act_dim, int threads, const std::string& backend,
                 SettingChecks& checks);

// Memory that a learner of valid settings takes, about.
double learner_bytes(const SacConfig& config, int obs_dim, int act_dim, int threads);

}  // namespace softac

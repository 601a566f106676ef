// Validation of all settings: every violation at once, with key, value and what is allowed (softac/settings.h).
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <type_traits>

#include "base/nearest_match.h"
#include "config/setting_value.h"
#include "softac/settings.h"

namespace softac {
namespace {

std::string number_text(double value) {
  std::string text = to_toml(value);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

// " must be …" if value breaks the range, else "".
std::string range_error(const SettingInfo& info, double value) {
  const bool low_ok = info.low_open ? value > info.low : value >= info.low;
  if (std::isfinite(value) && low_ok && value <= info.high) return "";
  std::string out = "must be ";
  if (std::isinf(info.low) && std::isinf(info.high)) return out + "finite";
  if (!std::isinf(info.low)) out += (info.low_open ? "greater than " : "at least ") + number_text(info.low);
  if (!std::isinf(info.high))
    out += (std::isinf(info.low) ? "" : " and ") + std::string("at most ") + number_text(info.high);
  else if (!std::isfinite(value))
    out += " and finite";
  return out;
}

struct CheckRanges {
  std::vector<SettingViolation>& violations;

  void check(const SettingInfo& info, double value, const std::string& text) {
    const std::string error = range_error(info, value);
    if (!error.empty()) violations.push_back({std::string(info.name), text + ": " + error});
  }
  template <class Field>
  void operator()(const SettingInfo& info, const Field& field) {
    if constexpr (std::is_same_v<Field, double>) {
      check(info, field, number_text(field));
    } else if constexpr (std::is_integral_v<Field> && !std::is_same_v<Field, bool>) {
      check(info, static_cast<double>(field), std::to_string(field));
    } else if constexpr (std::is_same_v<Field, std::vector<int>>) {
      for (const int entry : field) check(info, entry, "entry " + std::to_string(entry));
      if (field.size() > 16)
        violations.push_back({std::string(info.name), std::to_string(field.size()) + " layers: must be at most 16"});
    }
  }
  template <class Bool, class Double>
  void operator()(const SettingInfo& info, const AutoNumber<Bool, Double>& field) {
    if (field.automatic && !field.has_start) return;
    check(info, field.value, (field.automatic ? "auto_" : "") + number_text(field.value));
    if (field.automatic && field.value == 0.0)
      violations.push_back({std::string(info.name), "auto_0: must start above 0 (log α is learned)"});
  }
};

}  // namespace

std::vector<SettingViolation> validate(const TrainConfig& config) {
  std::vector<SettingViolation> violations;
  for_each_setting(config, CheckRanges{violations});
  std::set<std::string> broken;
  for (const auto& violation : violations) broken.insert(violation.key);

  // Combinations; said only where the parts are in range by themselves.
  auto rule = [&](bool ok, std::initializer_list<const char*> keys, const std::string& message) {
    const bool parts_ok = std::none_of(keys.begin(), keys.end(), [&](const char* key) { return broken.contains(key); });
    if (!ok && parts_ok) violations.push_back({*keys.begin(), message});
  };
  const SacConfig& sac = config.sac;
  rule(!config.env_id.empty(), {"env_id"}, "no environment is named");
  rule(sac.log_std_min < sac.log_std_max, {"log_std_min", "log_std_max"},
       number_text(sac.log_std_min) + ": must be below log_std_max = " + number_text(sac.log_std_max));
  rule(sac.variant == Variant::sac || sac.n_target_actions == 1, {"n_target_actions"},
       std::to_string(sac.n_target_actions) +
           ": must be 1 with variant = \"state_value\", whose targets draw no action");
  rule(sac.ent_coef_min < sac.ent_coef_max, {"ent_coef_min", "ent_coef_max"},
       number_text(sac.ent_coef_min) + ": must be below ent_coef_max = " + number_text(sac.ent_coef_max));
  rule(sac.batch_size <= config.buffer_size, {"batch_size", "buffer_size"},
       std::to_string(sac.batch_size) + ": must be at most buffer_size = " + std::to_string(config.buffer_size));
  rule(config.buffer_size / std::max(config.n_envs, 1) > sac.n_steps, {"buffer_size", "n_envs", "n_steps"},
       std::to_string(config.buffer_size) + ": must hold more than n_steps = " + std::to_string(sac.n_steps) +
           " steps of each of n_envs = " + std::to_string(config.n_envs) + " environments");
  rule(config.total_timesteps >= config.n_envs, {"total_timesteps", "n_envs"},
       std::to_string(config.total_timesteps) + ": must be at least n_envs = " + std::to_string(config.n_envs));
  static const std::vector<std::string> kBackends = {"", "reference", "portable", "avx2", "avx512"};
  rule(std::find(kBackends.begin(), kBackends.end(), config.backend) != kBackends.end(), {"backend"},
       to_toml(config.backend) + ": must be reference, portable, avx2, avx512 or empty" +
           did_you_mean(config.backend, kBackends));
  return violations;
}

}  // namespace softac

#include "train/learner_file.h"

#include "config/fields.h"
#include "config/toml_file.h"
#include "formats/strict_json.h"
#include "run/build_info.h"
#include "run/noise_runs_json.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr const char* kFormat = "softac-learner-1";

std::string settings_toml(const SacConfig& sac) {
  TrainConfig config;
  config.sac = sac;
  std::string out;
  for (const SettingText& text : setting_texts(config)) {
    if (is_learner_setting(std::string(text.info.name))) out += std::string(text.info.name) + " = " + text.value + "\n";
  }
  return out;
}

SacConfig parse_settings(const std::string& toml, const std::string& source) {
  TrainConfig config;
  const TomlSettings settings = parse_toml_settings(toml, source, source);
  std::string wrong;
  for (const std::string& violation : settings.violations) wrong += "\n  " + violation;
  for (const SettingEntry& entry : settings.entries) {
    const std::string error = is_learner_setting(entry.key) ? assign_setting(config, entry.key, entry.value)
                                                            : entry.key + " is no setting of a learner";
    if (!error.empty()) wrong += "\n  " + error;
  }
  if (!wrong.empty()) throw IoError(source + ": settings that this softac does not know:" + wrong);
  return config.sac;
}

std::vector<std::uint64_t> positions(const Json& list, const std::string& what) {
  std::vector<std::uint64_t> out;
  if (!list.is_array()) throw IoError(what + ": expected a list");
  for (const Json& value : list) out.push_back(json_count(value, what));
  return out;
}

}  // namespace

std::map<std::string, std::string> learner_metadata(const LearnerRecord& r) {
  Json state = {{"obs_dim", r.obs_dim},
                {"act_dim", r.act_dim},
                {"num_actions", r.config.num_actions},
                {"num_streams", r.options.num_streams},
                {"buffer_size", r.options.buffer_size},
                {"seed", std::to_string(r.options.seed)},
                {"num_updates", r.counters.num_updates},
                {"num_actor_updates", r.counters.num_actor_updates},
                {"update_rng_position", r.counters.update_rng_position},
                {"sample_position", r.sample_position},
                {"predict_position", r.predict_position},
                {"act_positions", Json(r.act_positions)},
                {"warmup_positions", Json(r.warmup_positions)}};
  if (!r.noise_runs.empty()) state["noise_runs"] = noise_runs_json(r.noise_runs);
  return {{"format", kFormat},
          {"settings", settings_toml(r.config)},
          {"softac_version", softac_version()},
          {"state", state.dump()}};
}

LearnerRecord parse_learner_metadata(const std::map<std::string, std::string>& metadata, const std::string& source) {
  const auto text = [&](const char* key) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) throw IoError(source + ": not a learner's file (no " + std::string(key) + ")");
    return found->second;
  };
  if (const std::string format = text("format"); format != kFormat)
    throw IoError(source + ": format " + format + ", expected " + kFormat);
  LearnerRecord r;
  r.config = parse_settings(text("settings"), source);
  const Json state = parse_strict_json(text("state"), source);
  const auto value = [&](const char* key) -> const Json& {
    const Json* found = state.is_object() ? state.find(key) : nullptr;
    if (found == nullptr) throw IoError(source + ": state." + key + " is missing");
    return *found;
  };
  const auto count = [&](const char* key) { return json_count(value(key), source + ": state." + key); };
  const auto small = [&](const char* key) {
    const std::int64_t n = count(key);
    if (n > 1 << 30) throw IoError(source + ": state." + key + " is out of range");
    return static_cast<int>(n);
  };
  r.obs_dim = small("obs_dim");
  r.act_dim = small("act_dim");
  r.config.num_actions = small("num_actions");
  r.options.num_streams = small("num_streams");
  r.options.buffer_size = count("buffer_size");
  try {
    std::size_t end = 0;
    const auto seed = value("seed").get<std::string>();
    r.options.seed = std::stoull(seed, &end);
    if (seed.empty() || end != seed.size() || seed[0] == '-') throw std::invalid_argument(seed);
  } catch (const std::exception&) {
    throw IoError(source + ": state.seed is no seed");
  }
  r.counters = {count("num_updates"), count("num_actor_updates"),
                static_cast<std::uint64_t>(count("update_rng_position"))};
  r.sample_position = count("sample_position");
  r.predict_position = count("predict_position");
  r.act_positions = positions(value("act_positions"), source + ": state.act_positions");
  r.warmup_positions = positions(value("warmup_positions"), source + ": state.warmup_positions");
  if (r.config.noise_repeat_max > 1)
    r.noise_runs = parse_noise_runs(value("noise_runs"), source + ": state.noise_runs");
  if (r.counters.num_actor_updates > r.counters.num_updates || r.counters.num_updates > std::int64_t{1} << 53)
    throw IoError(source + ": state.num_actor_updates and state.num_updates do not fit");
  return r;
}

}  // namespace softac

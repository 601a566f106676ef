#include "config/presets.h"

#include <algorithm>

#include "config/embedded_presets.h"
#include "config/toml_file.h"
#include "softac/error.h"

namespace softac {
namespace {

std::vector<Preset> presets_of(const std::string& folder, const std::string& origin_prefix) {
  std::vector<Preset> presets;
  for (const EmbeddedPreset& embedded : embedded_presets()) {
    if (folder == embedded.folder)
      presets.push_back(parse_preset(embedded.name, embedded.text, origin_prefix + embedded.name));
  }
  return presets;
}

bool covers(const std::string& pattern, const std::string& env_id) {
  if (pattern.ends_with('*')) return env_id.starts_with(pattern.substr(0, pattern.size() - 1));
  return env_id == pattern;
}

}  // namespace

Preset parse_preset(const std::string& name, const std::string& text, const std::string& origin) {
  TomlSettings parsed = parse_toml_settings(text, name + ".toml", origin);
  if (!parsed.violations.empty()) throw ConfigError(parsed.violations.front());
  Preset preset{name, "", {}, {}};
  for (SettingEntry& entry : parsed.entries) {
    if (entry.key == "description") {
      const auto* description = std::get_if<std::string>(&entry.value);
      if (!description) throw ConfigError(name + ".toml: description: expected a text");
      preset.description = *description;
    } else if (entry.key == "envs") {
      const auto* envs = std::get_if<std::vector<std::string>>(&entry.value);
      if (!envs) throw ConfigError(name + ".toml: envs: expected a list of texts");
      preset.envs = *envs;
    } else {
      preset.entries.push_back(std::move(entry));
    }
  }
  return preset;
}

std::vector<Preset> library_presets() {
  return presets_of("library", "preset ");
}
std::vector<Preset> env_presets() {
  return presets_of("env", "environment preset ");
}

std::vector<Preset> method_presets() {
  return presets_of("method", "method ");
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const Preset& preset : method_presets()) {
    if (preset.envs.empty()) names.push_back(preset.name);
  }
  return names;
}

std::vector<SettingEntry> method_entries(const std::string& name, const std::string& env_id) {
  std::vector<SettingEntry> entries;
  const auto covered = [&](const std::string& pattern) { return covers(pattern, env_id); };
  for (const Preset& preset : method_presets()) {  // in the order of the names: the method itself first
    const bool part = preset.name.starts_with(name + "_") && std::ranges::any_of(preset.envs, covered);
    if (preset.name == name || part) entries.insert(entries.end(), preset.entries.begin(), preset.entries.end());
  }
  return entries;
}

std::vector<SettingEntry> env_preset_entries(const std::string& env_id) {
  for (const Preset& preset : env_presets()) {
    for (const std::string& pattern : preset.envs) {
      if (covers(pattern, env_id)) return preset.entries;
    }
  }
  return {};
}

}  // namespace softac

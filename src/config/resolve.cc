#include "config/resolve.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/nearest_match.h"
#include "config/auto_gamma.h"
#include "config/fields.h"
#include "config/presets.h"
#include "config/settings.h"
#include "config/toml_file.h"
#include "env/registry.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr std::string_view kEnvKwargs = "env_kwargs.";

// Collects entries in order of precedence, then says everything that is wrong with them at once.
class Resolver {
 public:
  std::vector<std::string> violations;

  void add(const std::vector<SettingEntry>& entries) {
    entries_.insert(entries_.end(), entries.begin(), entries.end());
  }
  void add_first(const std::vector<SettingEntry>& entries) {
    entries_.insert(entries_.begin(), entries.begin(), entries.end());
  }

  // The value of a setting before the entries are applied; "" if it is not a text.
  std::string text_of(const std::string& key) const {
    const SettingEntry* last = last_entry(key);
    const auto* text = last ? std::get_if<std::string>(&last->value) : nullptr;
    return text ? *text : "";
  }
  std::vector<std::string> texts_of(const std::string& key) const {
    const SettingEntry* last = last_entry(key);
    const auto* texts = last ? std::get_if<std::vector<std::string>>(&last->value) : nullptr;
    return texts ? *texts : std::vector<std::string>();
  }

  // with_env: the environment must be known, its arguments right.
  ResolvedConfig finish(bool with_env = true) {
    ResolvedConfig resolved;
    for (const std::string& name : setting_names()) resolved.origin[name] = "default";
    std::vector<std::string> broken;
    for (const SettingEntry& entry : entries_) apply(entry, resolved, broken);
    if (with_env && check_env(resolved)) find_gamma(resolved);
    for (const SettingViolation& violation : validate(resolved.config)) {
      if (std::find(broken.begin(), broken.end(), violation.key) != broken.end()) continue;
      violations.push_back(violation.key + " = " + violation.message + " [" + resolved.origin[violation.key] + "]");
    }
    if (!violations.empty()) fail();
    return resolved;
  }

 private:
  const SettingEntry* last_entry(const std::string& key) const {
    const auto last =
        std::find_if(entries_.rbegin(), entries_.rend(), [&](const SettingEntry& entry) { return entry.key == key; });
    return last == entries_.rend() ? nullptr : &*last;
  }

  void apply(const SettingEntry& entry, ResolvedConfig& resolved, std::vector<std::string>& broken) {
    if (const auto rate = linear_rate(entry)) {
      apply({entry.key, *rate, entry.origin}, resolved, broken);
      apply({"learning_rate_schedule", std::string("linear"), entry.origin}, resolved, broken);
      return;
    }
    std::string error;
    if (entry.key.starts_with(kEnvKwargs)) {
      resolved.config.env_kwargs[entry.key.substr(kEnvKwargs.size())] = env_value(entry.value);
    } else {
      error = assign_setting(resolved.config, entry.key, entry.value);
    }
    if (error.empty()) {
      resolved.origin[canonical_setting_name(entry.key)] = entry.origin;
    } else {
      violations.push_back(error + " [" + entry.origin + "]");
      broken.push_back(canonical_setting_name(entry.key));
    }
  }

  // X of learning_rate = "linear_X".
  static std::optional<double> linear_rate(const SettingEntry& entry) {
    constexpr std::string_view kLinear = "linear_";
    const auto* text = std::get_if<std::string>(&entry.value);
    if (entry.key != "learning_rate" || text == nullptr || !text->starts_with(kLinear)) return {};
    double rate = 0.0;
    const char* end = text->data() + text->size();
    const auto [after, error] = std::from_chars(text->data() + kLinear.size(), end, rate);
    if (error != std::errc{} || after != end) return {};
    return rate;
  }

  static EnvValue env_value(const SettingValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    if (const auto* numbers = std::get_if<std::vector<double>>(&value)) return *numbers;
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    std::string joined;
    for (const std::string& text : std::get<std::vector<std::string>>(value))
      joined += (joined.empty() ? "" : " ") + text;
    return joined;
  }

  void find_gamma(ResolvedConfig& resolved) {
    std::string& origin = resolved.origin["gamma"];
    try {
      const std::string found = resolve_gamma(resolved.config);
      if (!found.empty()) origin += " (" + found + ")";
    } catch (const ConfigError& error) {
      violations.push_back(std::string(error.what()) + " [" + origin + "]");
    }
  }

  // The environment and its constructor arguments, against the table of environments. Whether it can be made.
  bool check_env(const ResolvedConfig& resolved) {
    const std::string& env_id = resolved.config.env_id;
    if (env_id.empty()) return false;
    const std::size_t before = violations.size();
    std::vector<std::string> ids;
    const std::vector<EnvInfo> infos = registered_envs();
    const EnvInfo* found = nullptr;
    for (const EnvInfo& info : infos) {
      ids.push_back(info.id);
      if (info.id == env_id) found = &info;
    }
    if (const std::string reason = found ? "" : env_unavailable(env_id); !reason.empty()) {
      violations.insert(violations.begin(), reason);
      return false;
    }
    if (!found) {
      violations.insert(violations.begin(), "unknown environment \"" + env_id + "\"" + did_you_mean(env_id, ids) +
                                                "; softac env list shows all");
      return false;
    }
    std::vector<std::string> names;
    for (const EnvArgument& argument : found->arguments) names.push_back(argument.name);
    for (const auto& [name, value] : resolved.config.env_kwargs) {
      const std::string suffix = " [" + resolved.origin.at(std::string(kEnvKwargs) + name) + "]";
      const auto argument = std::find(names.begin(), names.end(), name);
      if (argument == names.end()) {
        violations.push_back(env_id + " has no argument \"" + name + "\"" + did_you_mean(name, names) + suffix);
        continue;
      }
      const EnvValue& example = found->arguments[argument - names.begin()].default_value;
      if (example.index() != value.index()) {
        static constexpr const char* kKinds[] = {"true or false", "a number", "a text", "a list of numbers"};
        violations.push_back("env_kwargs." + name + ": expected " + kKinds[example.index()] + suffix);
      }
    }
    return violations.size() == before;
  }

  [[noreturn]] void fail() const {
    std::string message =
        violations.size() == 1 ? "1 setting is wrong:" : std::to_string(violations.size()) + " settings are wrong:";
    for (const std::string& violation : violations) message += "\n  " + violation;
    throw ConfigError(message);
  }

  std::vector<SettingEntry> entries_;
};

// A key as TOML wants it: quoted unless it is made of letters, digits, _ and - alone.
std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  return bare ? key : to_toml(key);
}

SettingValue setting_value(const EnvValue& value) {
  return std::visit([](const auto& v) { return SettingValue(v); }, value);
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

ResolvedConfig resolve_config(const ConfigRequest& request) {
  Resolver resolver;
  if (!request.method.empty()) {
    const std::vector<std::string> names = method_names();
    if (std::ranges::find(names, request.method) == names.end()) {
      resolver.violations.push_back("unknown method \"" + request.method + "\"" + did_you_mean(request.method, names) +
                                    "; known: " + listed(names) + " [--method]");
    }
  }
  std::vector<SettingEntry> of_preset;
  if (!request.preset.empty()) {
    std::vector<std::string> names;
    bool found = false;
    for (const Preset& preset : library_presets()) {
      names.push_back(preset.name);
      if (preset.name != request.preset) continue;
      found = true;
      of_preset = preset.entries;
    }
    if (!found) {
      resolver.violations.push_back("unknown preset \"" + request.preset + "\"" + did_you_mean(request.preset, names) +
                                    "; known: " + listed(names) + " [--preset]");
    }
  }
  if (!request.config_file.empty()) {
    const TomlSettings file = read_toml_settings(request.config_file, "file " + request.config_file);
    resolver.violations.insert(resolver.violations.end(), file.violations.begin(), file.violations.end());
    std::vector<SettingEntry> entries = file.entries;
    make_paths_absolute(entries, std::filesystem::absolute(request.config_file).parent_path());
    const std::vector<std::string> known = setting_names();
    for (SettingEntry& entry : entries) {
      const std::string name = canonical_setting_name(entry.key);
      const bool is_known =
          entry.key.starts_with(kEnvKwargs) || std::find(known.begin(), known.end(), name) != known.end();
      if (!is_known) entry.origin = file.where.at(entry.key);  // the exact place of a key that will be reported
    }
    resolver.add(entries);
  }
  for (const std::string& text : request.set) {
    try {
      resolver.add(parse_changes({text}, "--set"));
    } catch (const ConfigError& error) {
      resolver.violations.push_back(std::string(error.what()) + " [--set]");
    }
  }
  std::vector<SettingEntry> options = request.options;
  make_paths_absolute(options, std::filesystem::current_path());
  resolver.add(options);
  for (const std::string& plugin : resolver.texts_of("env_plugins")) load_env_plugin(plugin);
  std::vector<SettingEntry> of_env = env_preset_entries(resolver.text_of("env_id"));
  // A library's preset decides the whole learner: what it does not name has softac's default, not the environment's.
  if (!request.preset.empty()) {
    std::erase_if(of_env,
                  [](const SettingEntry& entry) { return is_learner_setting(canonical_setting_name(entry.key)); });
  }
  for (const auto& entries : {of_preset, method_entries(request.method, resolver.text_of("env_id"))})
    of_env.insert(of_env.end(), entries.begin(), entries.end());
  resolver.add_first(of_env);
  return resolver.finish();
}

std::vector<SettingEntry> parse_changes(const std::vector<std::string>& set, const std::string& origin) {
  std::vector<SettingEntry> entries;
  for (const std::string& text : set) {
    for (SettingEntry& entry : parse_key_value(text, origin)) entries.push_back(std::move(entry));
  }
  make_paths_absolute(entries, std::filesystem::current_path());
  return entries;
}

namespace {

Resolver resolver_of(const TomlSettings& file) {
  Resolver resolver;
  resolver.violations = file.violations;
  std::vector<SettingEntry> entries = file.entries;
  for (SettingEntry& entry : entries) {
    const auto origin = file.origin.find(canonical_setting_name(entry.key));
    if (origin != file.origin.end()) entry.origin = origin->second;
  }
  resolver.add(entries);
  return resolver;
}

ResolvedConfig finish(Resolver& resolver, bool with_env, const std::string& name) {
  try {
    return resolver.finish(with_env);
  } catch (const ConfigError& error) {
    throw ConfigError(name + ": " + error.what());
  }
}

}  // namespace

ResolvedConfig parse_run_config(const std::string& text, const std::string& name) {
  const TomlSettings file = parse_toml_settings(text, name, "file " + name);
  Resolver resolver = resolver_of(file);
  ResolvedConfig resolved = finish(resolver, false, name);
  resolved.inputs = file.inputs;
  return resolved;
}

RunConfig load_run_config(const std::string& path, const RunConfigRequest& request) {
  const TomlSettings file = read_toml_settings(path, "file " + path);
  Resolver resolver = resolver_of(file);
  resolver.add(request.changes);
  const TrainConfig before = finish(resolver, false, path).config;
  RunConfig out;
  const auto compare = [&](const char* kind, const std::vector<InputFile>& now) {
    std::vector<InputFile> recorded;
    for (const InputFile& input : file.inputs) {
      if (input.setting.starts_with(kind)) recorded.push_back(input);
    }
    const InputChanges changes = compare_input_files(recorded, now);
    refuse_changed_inputs(path, changes, request.allow_changed);
    for (const auto* texts : {&changes.changed, &changes.moved})
      out.notes.insert(out.notes.end(), texts->begin(), texts->end());
  };
  compare("env_plugins", plugin_files(before));  // before any of their code runs
  for (const std::string& plugin : before.env_plugins) load_env_plugin(plugin);
  out.resolved = finish(resolver, true, path);
  compare("env_kwargs", model_files(out.resolved.config));
  out.resolved.inputs = file.inputs;
  return out;
}

ResolvedConfig load_run_config(const std::string& path) {
  return load_run_config(path, {}).resolved;
}

std::string config_toml(const ResolvedConfig& resolved) {
  std::string out = "# Settings of a softac run, all of them; [origin] says where each came from.\n";
  std::string_view group;
  for (const SettingText& text : setting_texts(resolved.config)) {
    if (text.info.group != group) {
      group = text.info.group;
      out += "\n# " + std::string(group) + "\n";
    }
    out += std::string(text.info.name) + " = " + text.value + "\n";
  }
  if (!resolved.config.env_kwargs.empty()) out += "\n[env_kwargs]\n";
  for (const auto& [name, value] : resolved.config.env_kwargs)
    out += toml_key(name) + " = " + to_toml(setting_value(value)) + "\n";
  std::string_view setting;
  for (const InputFile& input : resolved.inputs) {
    if (setting != input.setting) out += "\n[inputs." + toml_key(input.setting) + "]\n";
    setting = input.setting;
    out += toml_key(input.path) + " = " + to_toml(input.sha256) + "\n";
  }
  out += "\n[origin]\n";
  for (const auto& [key, origin] : resolved.origin) out += toml_key(key) + " = " + to_toml(origin) + "\n";
  return out;
}

}  // namespace softac

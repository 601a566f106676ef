// Loads shared libraries with the C entry point of softac/env_plugin.h and wraps their environments as Env.
#include "env/plugin.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>

#include "env/discrete.h"
#include "env/foreign_guard.h"
#include "env/kwargs.h"

namespace softac {

namespace {

// What the loader found wrong in one library, and the entries it made.
class PluginReader {
 public:
  explicit PluginReader(std::string path) : path_(std::move(path)) {}

  // Throws ConfigError with every violation.
  std::vector<EnvEntry> read(const softac_env_table* table);

 private:
  void refuse(const std::string& text) { violations_ += "\n  " + text; }
  template <class T>
  void check_range(const std::string& field, T found, T low, T high) {
    if (found < low || found > high) {
      refuse(field + ": expected " + std::to_string(low) + " … " + std::to_string(high) + ", found " +
             std::to_string(found));
    }
  }
  void check_layout(const softac_env_table* table);
  std::string read_id(const softac_env_type& type, const std::string& where);
  void check_functions(const softac_env_type& type, const std::string& where);
  EnvSpec read_spec(const softac_env_type& type, const std::string& where);
  std::vector<EnvArgument> read_arguments(const softac_env_type& type, const std::string& where);
  void throw_violations() const {
    if (!violations_.empty()) throw ConfigError("environment plugin " + path_ + ":" + violations_);
  }

  std::string path_;
  std::string violations_;
};

// The type of version 1 was today's without the fields that came later, which stand at its end.
constexpr std::size_t kTypeSize1 = offsetof(softac_env_type, num_actions);

std::size_t type_size_of(std::uint32_t version) {
  return version == 1 ? kTypeSize1 : sizeof(softac_env_type);
}

// Entry i of the table as today's type; what its version does not have is zero.
softac_env_type type_at(const softac_env_table& table, int i) {
  softac_env_type type = {};
  const std::size_t size = type_size_of(table.abi_version);
  std::memcpy(&type, reinterpret_cast<const std::byte*>(table.types) + size * static_cast<std::size_t>(i), size);
  return type;
}

class PluginEnv final : public Env {
 public:
  PluginEnv(const softac_env_type& type, EnvSpec spec, const EnvKwargs& kwargs)
      : type_(type), spec_(std::move(spec)), num_actions_(spec_.num_actions), action_(spec_.act_low.size()) {
    std::vector<double> values;
    for (int i = 0; i < type.num_arguments; ++i) values.push_back(number_kwarg(kwargs, type.arguments[i].name));
    std::array<char, 512> error{};
    {
      const ForeignCall call(who());
      instance_ = type.create(values.data(), error.data(), error.size());
    }
    if (instance_ == nullptr) {
      error.back() = '\0';
      throw ConfigError("environment " + spec_.id + ": " +
                        (error[0] != '\0' ? error.data() : "create returned no instance"));
    }
  }
  ~PluginEnv() override {
    const ForeignCall call(who());
    type_.destroy(instance_);
  }
  PluginEnv(const PluginEnv&) = delete;
  PluginEnv& operator=(const PluginEnv&) = delete;

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    const softac_random random = {
        &rng,
        [](void* context) { return static_cast<Rng*>(context)->next_u64(); },
        [](void* context) { return static_cast<Rng*>(context)->uniform(); },
        [](void* context) { return static_cast<Rng*>(context)->normal(); },
    };
    check_count("reset", guarded([&] { return type_.reset(instance_, &random, obs.data()); }));
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    softac_step_result result = {};
    set_action(action);
    check_count("step", guarded([&] { return type_.step(instance_, action_.data(), obs.data(), &result); }));
    check_flag("terminated", result.terminated);
    check_flag("truncated", result.truncated);
    return {result.reward, result.terminated == 1, result.truncated == 1};
  }

  bool can_save_state() const override { return type_.save_state != nullptr; }

  std::vector<std::byte> save_state() const override {
    if (!can_save_state()) return Env::save_state();
    const ForeignCall call(who());
    const std::size_t size = type_.state_size(instance_);
    if (size > SOFTAC_ENV_MAX_STATE_BYTES) {
      throw EnvError("state_size: expected at most " + std::to_string(SOFTAC_ENV_MAX_STATE_BYTES) + " bytes, found " +
                     std::to_string(size));
    }
    std::vector<std::byte> bytes(size);
    if (type_.save_state(instance_, bytes.data()) != 0) throw EnvError("failed" + last_error());
    return bytes;
  }

  void load_state(std::span<const std::byte> state) override {
    if (!can_save_state()) return Env::load_state(state);
    const ForeignCall call(who());
    if (type_.load_state(instance_, state.data(), state.size()) != 0) {
      throw IoError("state of " + spec_.id + ": load_state refused " + std::to_string(state.size()) + " bytes" +
                    last_error());
    }
  }

 private:
  const char* who() const { return spec_.id.c_str(); }
  // What the plugin is promised: an action within its bounds.
  void set_action(std::span<const double> action) {
    if (num_actions_ > 0)
      action_[0] = discrete_action(action, num_actions_);
    else
      for (std::size_t j = 0; j < action_.size(); ++j)
        action_[j] = std::clamp(action[j], spec_.act_low[j], spec_.act_high[j]);
  }
  // A call that is made all the time.
  template <class Call>
  std::int32_t guarded(Call&& call) {
    const ForeignCall scope(who(), is_call_to_look_at(num_calls_++));
    return call();
  }
  std::string last_error() const {
    const ForeignCall call(who(), false);
    const char* text = type_.last_error != nullptr ? type_.last_error(instance_) : nullptr;
    return text != nullptr && *text != '\0' ? std::string(": ") + text : std::string();
  }
  void check_count(const char* call, std::int32_t count) const {
    if (count < 0) throw EnvError(std::string(call) + " failed" + last_error());
    if (count != spec_.obs_dim) {
      throw EnvError(std::string(call) + ": observation has " + std::to_string(count) + " values, expected " +
                     std::to_string(spec_.obs_dim));
    }
  }
  static void check_flag(const char* field, std::int32_t flag) {
    if (flag != 0 && flag != 1) throw EnvError(std::string(field) + ": expected 0 or 1, found " + std::to_string(flag));
  }

  const softac_env_type type_;
  EnvSpec spec_;
  const int num_actions_;  // 0: continuous
  std::vector<double> action_;
  void* instance_ = nullptr;
  std::uint64_t num_calls_ = 0;  // of reset and step
};

// An argument's name, as a settings file can write it behind "env_kwargs." and the command line before "=".
bool is_name(const char* text) {
  const std::string name(text, strnlen(text, SOFTAC_ENV_MAX_ID_LENGTH + 1));
  return name.size() <= SOFTAC_ENV_MAX_ID_LENGTH &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
}

void PluginReader::check_layout(const softac_env_table* table) {
  if (table == nullptr) throw ConfigError("environment plugin " + path_ + ": softac_env_plugin returned no table");
  if (table->abi_version < 1 || table->abi_version > SOFTAC_ENV_PLUGIN_ABI_VERSION) {
    throw ConfigError("environment plugin " + path_ + ": abi_version: expected 1 … " +
                      std::to_string(SOFTAC_ENV_PLUGIN_ABI_VERSION) + ", found " + std::to_string(table->abi_version) +
                      "; build it against this softac's env_plugin.h");
  }
  if (const std::size_t size = type_size_of(table->abi_version); table->type_size != size) {
    refuse("type_size: expected " + std::to_string(size) + ", found " + std::to_string(table->type_size));
  }
  check_range("num_types", table->num_types, 1, SOFTAC_ENV_MAX_TYPES);
  if (table->types == nullptr) refuse("types: null pointer");
  throw_violations();
}

std::string PluginReader::read_id(const softac_env_type& type, const std::string& where) {
  if (type.id == nullptr) {
    refuse(where + "id: null pointer");
    return {};
  }
  const std::string id(type.id, strnlen(type.id, SOFTAC_ENV_MAX_ID_LENGTH + 1));
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
  if (id.empty() || id.size() > SOFTAC_ENV_MAX_ID_LENGTH) {
    refuse(where + "id: expected 1 … " + std::to_string(SOFTAC_ENV_MAX_ID_LENGTH) + " characters");
  } else if (id.find_first_not_of(kAllowed) != std::string::npos) {
    refuse(where + "id: expected letters, digits and . _ : - only, found '" + id + "'");
  }
  return id;
}

void PluginReader::check_functions(const softac_env_type& type, const std::string& where) {
  if (type.create == nullptr) refuse(where + "create: null pointer");
  if (type.destroy == nullptr) refuse(where + "destroy: null pointer");
  if (type.reset == nullptr) refuse(where + "reset: null pointer");
  if (type.step == nullptr) refuse(where + "step: null pointer");
  const int num_state = (type.state_size != nullptr) + (type.save_state != nullptr) + (type.load_state != nullptr);
  if (num_state != 0 && num_state != 3) {
    refuse(where + "state_size, save_state, load_state: expected all three or none, found " +
           std::to_string(num_state));
  }
}

EnvSpec PluginReader::read_spec(const softac_env_type& type, const std::string& where) {
  EnvSpec spec;
  spec.description = type.description != nullptr ? type.description : "";
  spec.max_episode_steps = type.max_episode_steps;
  if (type.max_episode_steps < 0)
    refuse(where + "max_episode_steps: expected at least 0, found " + std::to_string(type.max_episode_steps));
  if (type.reward_threshold != nullptr) spec.reward_threshold = *type.reward_threshold;
  check_range(where + "obs_dim", type.obs_dim, 1, SOFTAC_ENV_MAX_DIM);
  check_range(where + "act_dim", type.act_dim, 1, SOFTAC_ENV_MAX_DIM);
  const bool discrete = type.num_actions != 0;
  if (discrete) {
    check_range(where + "num_actions", type.num_actions, 2, SOFTAC_ENV_MAX_ACTIONS);
    if (type.act_dim != 1)
      refuse(where + "act_dim: expected 1 with discrete actions, found " + std::to_string(type.act_dim));
  } else {
    if (type.act_low == nullptr) refuse(where + "act_low: null pointer");
    if (type.act_high == nullptr) refuse(where + "act_high: null pointer");
  }
  if (!violations_.empty()) return spec;

  spec.obs_dim = type.obs_dim;
  spec.act_dim = type.act_dim;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto copy = [](const double* values, std::int32_t count, double otherwise) {
    return values != nullptr ? std::vector<double>(values, values + count) : std::vector<double>(count, otherwise);
  };
  spec.obs_low = copy(type.obs_low, type.obs_dim, -kInfinity);
  spec.obs_high = copy(type.obs_high, type.obs_dim, kInfinity);
  if (discrete) {
    set_discrete_actions(spec, type.num_actions);
  } else {
    spec.act_low = copy(type.act_low, type.act_dim, 0.0);
    spec.act_high = copy(type.act_high, type.act_dim, 0.0);
  }
  const auto check_bounds = [&](const char* name, const std::vector<double>& low, const std::vector<double>& high,
                                bool finite) {
    for (std::size_t j = 0; j < low.size(); ++j) {
      const bool fits = low[j] < high[j] && (!finite || (std::isfinite(low[j]) && std::isfinite(high[j])));
      if (fits) continue;
      refuse(where + name + "_low, " + name + "_high [" + std::to_string(j) + "]: expected " +
             (finite ? "finite " : "") + "low < high, found " + to_text(low[j]) + " and " + to_text(high[j]));
    }
  };
  check_bounds("obs", spec.obs_low, spec.obs_high, false);
  check_bounds("act", spec.act_low, spec.act_high, true);
  return spec;
}

std::vector<EnvArgument> PluginReader::read_arguments(const softac_env_type& type, const std::string& where) {
  std::vector<EnvArgument> arguments;
  check_range(where + "num_arguments", type.num_arguments, 0, SOFTAC_ENV_MAX_ARGUMENTS);
  if (type.num_arguments > 0 && type.arguments == nullptr) refuse(where + "arguments: null pointer");
  if (!violations_.empty()) return arguments;
  std::set<std::string> names;
  for (int i = 0; i < type.num_arguments; ++i) {
    const softac_env_argument& argument = type.arguments[i];
    const std::string field = where + "arguments[" + std::to_string(i) + "].name: ";
    if (argument.name == nullptr || *argument.name == '\0') {
      refuse(field + "missing");
    } else if (!is_name(argument.name)) {
      refuse(field + "expected at most " + std::to_string(SOFTAC_ENV_MAX_ID_LENGTH) + " letters, digits and _");
    } else if (!names.insert(argument.name).second) {
      refuse(field + "'" + argument.name + "' appears twice");
    } else {
      arguments.push_back(
          {argument.name, argument.default_value, argument.description != nullptr ? argument.description : ""});
    }
  }
  return arguments;
}

std::vector<EnvEntry> PluginReader::read(const softac_env_table* table) {
  check_layout(table);
  std::vector<EnvEntry> entries;
  std::string all_violations;
  std::set<std::string> ids;
  for (int i = 0; i < table->num_types; ++i) {
    const softac_env_type type = type_at(*table, i);
    violations_.clear();
    const std::string where = "types[" + std::to_string(i) + "].";
    EnvInfo info;
    info.id = read_id(type, where);
    if (!info.id.empty() && !ids.insert(info.id).second) refuse(where + "id: '" + info.id + "' appears twice");
    check_functions(type, where);
    EnvSpec spec = read_spec(type, where);
    spec.id = info.id;
    info.description = spec.description;
    info.family = "plugin";
    info.max_episode_steps = spec.max_episode_steps;
    info.reward_threshold = spec.reward_threshold;
    info.arguments = read_arguments(type, where);
    all_violations += violations_;
    entries.emplace_back(std::move(info),
                         [type, spec = std::move(spec)](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
                           return std::make_unique<PluginEnv>(type, spec, kwargs);
                         });
  }
  violations_ = all_violations;
  throw_violations();
  return entries;
}

}  // namespace

std::vector<EnvEntry> read_env_table(const softac_env_table* table, const std::string& source) {
  return PluginReader(source).read(table);
}

void load_env_plugin(const std::string& path) {
  static std::mutex mutex;
  static std::set<std::string> loaded;  // canonical paths; loading one again changes nothing
  const std::lock_guard lock(mutex);

  std::error_code no_file;
  const std::string file = std::filesystem::canonical(path, no_file).string();
  if (no_file) throw IoError("environment plugin " + path + ": " + no_file.message());
  if (loaded.contains(file)) return;

  const std::string who = "environment plugin " + path;
  const ForeignCall call(who.c_str());
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw IoError("environment plugin " + path + ": cannot be loaded: " + dlerror());
  try {
    using EntryPoint = const softac_env_table* (*)();
    const auto entry_point = reinterpret_cast<EntryPoint>(dlsym(library, "softac_env_plugin"));
    if (entry_point == nullptr) {
      throw ConfigError("environment plugin " + path +
                        ": it does not export softac_env_plugin (see softac/env_plugin.h)");
    }
    std::vector<EnvEntry> entries = read_env_table(entry_point(), path);
    try {
      register_envs(std::move(entries));
    } catch (const ConfigError& error) {
      throw ConfigError("environment plugin " + path + ": " + error.what());
    }
    loaded.insert(file);
  } catch (...) {
    dlclose(library);
    throw;
  }
}

}  // namespace softac

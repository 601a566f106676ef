// The one table of environments: built-in ones first, then what programs and plugins add.
#include "env/registry.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/nearest_match.h"
#include "env/kwargs.h"
#ifdef SOFTAC_HAS_MUJOCO
#include "env/mujoco/mujoco_envs.h"
#endif

namespace softac {

namespace {

std::vector<EnvEntry> builtin_envs() {
  std::vector<EnvEntry> entries = {
      pendulum_entry(),     mountain_car_continuous_entry(),
      mountain_car_entry(), cart_pole_entry(),
      acrobot_entry(),      two_peaks_entry(),
      two_way_entry(),
  };
#ifdef SOFTAC_HAS_MUJOCO
  for (EnvEntry& entry : mujoco_env_table()) entries.push_back(std::move(entry));
#endif
  return entries;
}

// Programs may make environments on several threads, so the table is guarded.
struct Table {
  std::mutex mutex;
  std::vector<EnvEntry> entries = builtin_envs();
  std::set<std::string> of_program;  // ids that register_env added
};

Table& table() {
  static Table instance;
  return instance;
}

EnvEntry find_entry(const std::string& id) {
  Table& t = table();
  const std::lock_guard lock(t.mutex);
  std::vector<std::string> ids;
  for (const EnvEntry& entry : t.entries) {
    if (entry.first.id == id) return entry;
    ids.push_back(entry.first.id);
  }
  if (const std::string reason = env_unavailable(id); !reason.empty()) throw ConfigError(reason);
  throw ConfigError("unknown environment '" + id + "'" + did_you_mean(id, ids) + "; `softac env list` shows all " +
                    std::to_string(ids.size()));
}

}  // namespace

std::string env_unavailable(const std::string& id) {
  if (id.starts_with(kPythonEnvs)) {
    return "environment '" + id +
           "' is made by a function of a Python program: softac.train(FUNCTION, run_dir=RUN, resume=True) resumes such "
           "a run, softac.evaluate(RUN, env=FUNCTION) evaluates it";
  }
#ifdef SOFTAC_HAS_MUJOCO
  return mujoco_env_unavailable(id);
#else
  return "";
#endif
}

std::vector<EnvInfo> registered_envs() {
  Table& t = table();
  const std::lock_guard lock(t.mutex);
  std::vector<EnvInfo> infos;
  for (const EnvEntry& entry : t.entries) infos.push_back(entry.first);
  return infos;
}

EnvInfo find_env(const std::string& id) {
  return find_entry(id).first;
}

std::unique_ptr<Env> make_env(const std::string& id, const EnvKwargs& kwargs) {
  const auto [info, factory] = find_entry(id);
  std::unique_ptr<Env> env = factory(complete_kwargs(info, kwargs));
  if (!env) throw ContractError("environment " + id + ": its factory made none");
  return env;
}

void register_envs(std::vector<EnvEntry> entries) {
  Table& t = table();
  const std::lock_guard lock(t.mutex);
  const std::size_t first_new = t.entries.size();
  const auto refuse = [&](const std::string& message) {
    t.entries.resize(first_new);
    throw ConfigError(message);
  };
  for (EnvEntry& entry : entries) {
    const std::string& id = entry.first.id;
    if (id.empty()) refuse("an environment cannot be registered with an empty id");
    if (!entry.second) refuse("environment '" + id + "' is registered without a factory");
    for (const EnvEntry& known : t.entries) {
      if (known.first.id == id) refuse("environment id '" + id + "' is taken (family " + known.first.family + ")");
    }
    t.entries.push_back(std::move(entry));
  }
}

void register_env(EnvInfo info, EnvFactory factory) {
  const std::string id = info.id;
  std::vector<EnvEntry> entries;
  entries.emplace_back(std::move(info), std::move(factory));
  register_envs(std::move(entries));
  Table& t = table();
  const std::lock_guard lock(t.mutex);
  t.of_program.insert(id);
}

void unregister_env(const std::string& id) {
  Table& t = table();
  const std::lock_guard lock(t.mutex);
  if (t.of_program.erase(id) == 0)
    throw ConfigError("environment '" + id + "' was not added by register_env, so it stays as it is");
  std::erase_if(t.entries, [&id](const EnvEntry& entry) { return entry.first.id == id; });
}

}  // namespace softac

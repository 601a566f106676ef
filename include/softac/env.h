// The environment interface, and the table that makes environments by name.
//
// An Env is a pure state machine in double precision and in its own action units. Time limits, rescaling of actions
// from [−1, 1], conversion to float32, auto-reset and threads live once, in VecEnv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "softac/error.h"
#include "softac/rng.h"

namespace softac {

struct EnvSpec {
  std::string id;       // e.g. "HalfCheetah-v5"
  int obs_dim = 0;      // O
  int act_dim = 0;      // A
  int num_actions = 0;  // 0: continuous; else act_dim = 1, bounds [0, num_actions], and the action's whole
                        // part is the discrete action (num_actions itself counts as the last)
  std::vector<double> obs_low, obs_high;  // (O) bounds, ±inf where unbounded
  std::vector<double> act_low, act_high;  // (A) bounds
  int max_episode_steps = 0;              // truncation by the time limit; 0 = none
  std::optional<double> reward_threshold;
  std::string description;  // one line, for `softac env list`
  // For exports and people, as far as the environment says it, else 0 and empty.
  double dt = 0.0;                                                      // s from one observation to the next
  std::vector<std::string> obs_names, obs_units, act_names, act_units;  // (O), (O), (A), (A)
};

struct StepResult {
  double reward = 0.0;
  bool terminated = false;  // the MDP ended: the next value is zero
  bool truncated = false;   // cut off for another reason (not the time limit, which VecEnv adds): the next value counts
};

// One of an environment's values beside observation and reward (Gymnasium's info).
struct InfoField {
  std::string name;
  int size = 0;           // 0: a number; else a vector of that many
  bool at_start = false;  // the start of an episode has it too; else it belongs to a step
};

// The numbers of all fields together, I.
int info_size(std::span<const InfoField> fields);

// One environment instance. Not thread-safe; different instances may run on different threads. Spans have the sizes
// said below: an environment need not check them, and what the library steps (VecEnv) always gives them.
class Env {
 public:
  virtual ~Env() = default;

  virtual const EnvSpec& spec() const = 0;

  // Starts an episode: draws the start state from rng (and from nothing else) and writes the first observation, (O).
  virtual void reset(Rng& rng, std::span<double> obs) = 0;

  // One step. action: (A) in the environment's own units, not clipped by the caller. Writes the next observation, (O).
  // After terminated or truncated the caller must reset. Throws EnvError if the simulation broke down.
  virtual StepResult step(std::span<const double> action, std::span<double> obs) = 0;

  // Starts an episode in a state that the caller gives, (start_size()), in place of a drawn one, and writes the first
  // observation, (O). MuJoCo's tasks: qpos, then qvel. start_size() is 0, and reset_to throws ContractError, where an
  // environment has no such state.
  virtual int start_size() const { return 0; }
  virtual void reset_to(std::span<const double>, std::span<double>) {
    throw ContractError(spec().id + " cannot start in a given state");
  }

  // Values of the last step or reset, field after field: out has info_size(info_fields()). Those that belong to a step
  // are NaN after a reset, and all are after load_state. Costs nothing unless it is called.
  virtual std::vector<InfoField> info_fields() const { return {}; }
  virtual void info(std::span<double>) const {}

  // Exact state for checkpoints: everything that step() reads. An environment without it returns false / throws.
  // load_state throws IoError on bytes that save_state of the same environment did not write.
  virtual bool can_save_state() const { return false; }
  virtual std::vector<std::byte> save_state() const { throw ContractError(spec().id + " cannot save its state"); }
  virtual void load_state(std::span<const std::byte>) { throw ContractError(spec().id + " cannot load a state"); }
};

// Constructor arguments by name (Gymnasium's names), e.g. {"forward_reward_weight", 2.0}. Numbers are doubles.
using EnvValue = std::variant<bool, double, std::string, std::vector<double>>;
using EnvKwargs = std::map<std::string, EnvValue>;

// One constructor argument that an environment accepts. The type of its default is the type it must have.
struct EnvArgument {
  std::string name;
  EnvValue default_value;
  std::string description;
};

struct EnvInfo {
  std::string id;
  std::string description;
  std::string family;  // "mujoco", "classic", "softac", "plugin"
  std::vector<EnvArgument> arguments;
  int max_episode_steps = 0;  // as in the spec of an instance
  std::optional<double> reward_threshold = std::nullopt;
};

// All environments this build can make, in table order (plugins loaded so far included).
std::vector<EnvInfo> registered_envs();

// The table's entry for an id. Throws ConfigError on an unknown id (with the nearest match).
EnvInfo find_env(const std::string& id);

// Makes an environment. Throws ConfigError on an unknown id and on arguments that are unknown (with the nearest match),
// of another type, NaN or out of the environment's range, IoError on a missing or wrong model file, ContractError if a
// factory makes none.
std::unique_ptr<Env> make_env(const std::string& id, const EnvKwargs& kwargs = {});

// Where the MuJoCo tasks' model files are looked for unless the environment variable SOFTAC_MODEL_DIR is set: before
// the installed gymnasium packages that are found without it. "" = nowhere, as at the start. Any thread.
void set_model_directory(const std::string& directory);
std::string model_directory();

// Loads a shared library with the C entry point of softac/env_plugin.h; its environments join the table.
// Throws IoError if it cannot be loaded, ConfigError if its version or contents do not fit.
void load_env_plugin(const std::string& path);

// Makes one instance. make_env calls it with every argument of EnvInfo::arguments: checked for name and type, defaults
// filled in. It checks the values' ranges itself (ConfigError).
using EnvFactory = std::function<std::unique_ptr<Env>(const EnvKwargs& kwargs)>;

// Adds a C++ environment to the table (for programs that link the library). Throws ConfigError if the id is empty or
// taken, or if there is no factory.
void register_env(EnvInfo info, EnvFactory factory);

// Takes an environment out of the table that register_env added; those made so far live on. Throws ConfigError on any
// other id.
void unregister_env(const std::string& id);

}  // namespace softac

// softac._core.VecEnv: native environments stepped together, and the table of all of them.
#include <algorithm>

#include "bindings.h"
#include "native_envs.h"
#include "softac/error.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

struct NamedMode {
  const char* name;  // Gymnasium's
  Autoreset mode;
};
constexpr NamedMode kModes[] = {
    {"NextStep", Autoreset::next_step}, {"SameStep", Autoreset::same_step}, {"Disabled", Autoreset::disabled}};

Autoreset autoreset_of(const std::string& name) {
  for (const NamedMode& named : kModes)
    if (name == named.name) return named.mode;
  throw ContractError("autoreset: expected NextStep, SameStep or Disabled, found " + name);
}
const char* name_of(Autoreset mode) {
  for (const NamedMode& named : kModes)
    if (mode == named.mode) return named.name;
  return "";
}

class NativeVecEnv {
 public:
  NativeVecEnv(const std::string& id, const EnvKwargs& kwargs, const NativeOptions& options)
      : envs_(id, kwargs, options),
        action_shape_(envs_.spec().num_actions > 0 ? std::vector<Py_ssize_t>{options.num_envs}
                                                   : std::vector<Py_ssize_t>{options.num_envs, envs_.spec().act_dim}),
        make_obs_({options.num_envs, envs_.spec().obs_dim}, envs_.obs_type()),
        make_numbers_({options.num_envs}, "float64"),
        make_flags_({options.num_envs}, "bool"),
        make_infos_({options.num_envs, info_size(envs_.info_fields())}, "float64"),
        mask_(static_cast<std::size_t>(options.num_envs), 1),
        truncated_(mask_.size()) {}

  NativeEnvs& envs() { return envs_; }

  nb::object reset(nb::handle seeds, nb::handle mask) {
    const Busy::Guard guard(envs_.busy());
    VecEnv& env = envs_.get();
    read_mask(mask);
    if (!seeds.is_none()) reseed(env, nb::list(seeds));
    envs_.unlocked([&](VecEnv& unlocked_env) { unlocked_env.reset_where(mask_); });
    return make_obs_(env.native_obs());
  }

  nb::tuple step(nb::handle actions) {
    const Busy::Guard guard(envs_.busy());
    const VecEnv& env = envs_.get();
    envs_.step(NumbersIn(actions), action_shape_);
    return nb::make_tuple(make_obs_(env.native_obs()), make_numbers_(env.native_reward()),
                          make_flags_(env.terminated()), make_flags_(truncated(env)));
  }

  template <class Read>
  auto read(Read&& how) {
    const Busy::Guard guard(envs_.busy());
    return how(envs_.get());
  }
  nb::object next_obs() {
    return read([this](const VecEnv& env) { return make_obs_(env.native_next_obs()); });
  }
  nb::object was_reset() {
    return read([this](const VecEnv& env) { return make_flags_(env.was_reset()); });
  }
  nb::object info() {
    return read([this](const VecEnv& env) { return make_infos_(env.info()); });
  }
  nb::object start_info() {
    return read([this](const VecEnv& env) { return make_infos_(env.start_info()); });
  }

  nb::bytes save_state() {
    return read([](const VecEnv& env) {
      if (!env.can_save_state()) throw ContractError(env.spec().id + " cannot save its state");
      const std::vector<std::byte> state = env.save_state();
      return nb::bytes(state.data(), state.size());
    });
  }
  void load_state(const nb::bytes& state) {
    read([&](VecEnv& env) { env.load_state({static_cast<const std::byte*>(state.data()), state.size()}); });
  }

 private:
  // As Gymnasium's TimeLimit has it: also where the last step that the limit allows terminates.
  std::span<const std::uint8_t> truncated(const VecEnv& env) {
    const int limit = envs_.get().spec().max_episode_steps;
    for (std::size_t i = 0; i < truncated_.size(); ++i)
      truncated_[i] = env.truncated()[i] != 0 || (limit > 0 && env.episode_length()[i] >= limit);
    return truncated_;
  }
  // None: all.
  void read_mask(nb::handle mask) {
    std::ranges::fill(mask_, std::uint8_t{1});
    if (mask.is_none()) return;
    const NumbersIn numbers(mask);
    numbers.require_shape("mask", {static_cast<Py_ssize_t>(mask_.size())});
    if (numbers.is_float32()) throw nb::type_error("mask: expected an array of bool");
    const auto values = numbers.values<double>();
    for (std::size_t i = 0; i < mask_.size(); ++i) mask_[i] = values[i] != 0.0;
  }
  // One for each environment; None: goes on with its generator.
  void reseed(VecEnv& env, const nb::list& seeds) {
    if (seeds.size() != mask_.size()) {
      throw ContractError("seeds: expected " + std::to_string(mask_.size()) + " of them, found " +
                          std::to_string(seeds.size()));
    }
    std::vector<std::optional<std::uint64_t>> numbers;
    for (const nb::handle seed : seeds) numbers.push_back(seed_of(seed));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] && mask_[i] != 0) env.reseed(static_cast<int>(i), *numbers[i]);
    }
  }

  NativeEnvs envs_;
  std::vector<Py_ssize_t> action_shape_;
  ArrayMaker make_obs_, make_numbers_, make_flags_, make_infos_;
  std::vector<std::uint8_t> mask_, truncated_;
};

void make(NativeVecEnv* self, const std::string& id, int num_envs, int threads, const std::string& autoreset,
          const std::optional<int>& max_episode_steps, nb::handle seed, const nb::dict& kwargs) {
  NativeOptions options;
  options.num_envs = num_envs;
  options.num_threads = threads;
  options.autoreset = autoreset_of(autoreset);
  options.max_episode_steps = max_episode_steps;
  options.seed = seed_of(seed);
  new (self) NativeVecEnv(id, env_kwargs_of(find_env(id), kwargs), options);
}

nb::tuple state_of(NativeVecEnv& self) {
  NativeEnvs& envs = self.envs();
  const NativeOptions& options = envs.options();
  const nb::bytes state = self.save_state();
  return nb::make_tuple(envs.info().id, options.num_envs, options.num_threads, name_of(options.autoreset),
                        options.max_episode_steps, to_dict(envs.kwargs()), state);
}

void set_state(NativeVecEnv& self, const nb::tuple& state) {
  make(&self, nb::cast<std::string>(state[0]), nb::cast<int>(state[1]), nb::cast<int>(state[2]),
       nb::cast<std::string>(state[3]), nb::cast<std::optional<int>>(state[4]), nb::int_(0),
       nb::cast<nb::dict>(state[5]));
  self.load_state(nb::cast<nb::bytes>(state[6]));
}

nb::list list_envs() {
  nb::list out;
  for (const EnvInfo& info : registered_envs()) {
    EnvKwargs arguments;
    for (const EnvArgument& argument : info.arguments) arguments[argument.name] = argument.default_value;
    nb::dict entry;
    entry["id"] = info.id;
    entry["description"] = info.description;
    entry["family"] = info.family;
    entry["max_episode_steps"] = info.max_episode_steps;
    entry["reward_threshold"] = info.reward_threshold;
    entry["arguments"] = to_dict(arguments);
    out.append(entry);
  }
  return out;
}

}  // namespace

void bind_vec_env(nb::module_& m) {
  nb::class_<NativeVecEnv> env(m, "VecEnv",
                               "Native environments stepped together, with actions in their own units, not clipped. "
                               "One thread at a time: RuntimeError.");
  env.def(
      "__init__",
      [](NativeVecEnv* self, const std::string& id, int num_envs, int threads, const std::string& autoreset,
         const std::optional<int>& max_episode_steps, nb::handle seed,
         const nb::kwargs& kwargs) { make(self, id, num_envs, threads, autoreset, max_episode_steps, seed, kwargs); },
      nb::arg("id"), nb::arg("num_envs") = 1, nb::arg("threads") = 1, nb::arg("autoreset") = "NextStep",
      nb::arg("max_episode_steps").none() = nb::none(), nb::arg("seed").none() = nb::none(), nb::arg("kwargs"),
      nb::sig("def __init__(self, id: str, num_envs: int = 1, threads: int = 1, autoreset: str = 'NextStep', "
              "max_episode_steps: int | None = None, seed: int | None = None, **kwargs: object) -> None"),
      "threads: 0 = all cores; they change no result. autoreset: NextStep, SameStep or Disabled (Gymnasium's modes). "
      "max_episode_steps: None = the task's, 0 = none. seed: of environment 0, the next one's is one more, and so on; "
      "None: from the system.");
  env.def("reset", &NativeVecEnv::reset, nb::arg("seeds").none() = nb::none(), nb::arg("mask").none() = nb::none(),
          nb::sig("def reset(self, seeds: object = None, mask: object = None) -> numpy.ndarray"),
          "Starts episodes in all environments or those of mask, (N,) bool: observations (N, O), new. seeds: a whole "
          "number or None for each environment; environment i with seed s does what an Env with seed s does.");
  env.def("step", &NativeVecEnv::step, nb::arg("actions"),
          nb::sig("def step(self, actions: object) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, "
                  "numpy.ndarray]"),
          "actions, (N, A), or (N,) whole numbers: observations (N, O), rewards (N,) float64, terminated and truncated "
          "(N,) bool (both where an episode terminates at its time limit), all new.");
  env.def("next_obs", &NativeVecEnv::next_obs, nb::sig("def next_obs(self) -> numpy.ndarray"),
          "(N, O) the last step's true successors, also where the episode ended.");
  env.def("was_reset", &NativeVecEnv::was_reset, nb::sig("def was_reset(self) -> numpy.ndarray"),
          "(N,) bool: the last step only started an episode.");
  env.def("info", &NativeVecEnv::info, nb::sig("def info(self) -> numpy.ndarray"),
          "(N, I) the last step's info values, field after field of info_fields.");
  env.def("start_info", &NativeVecEnv::start_info, nb::sig("def start_info(self) -> numpy.ndarray"),
          "(N, I) those of the last start of an episode; NaN where a value belongs to a step.");
  env.def("save_state", &NativeVecEnv::save_state, "The whole state, generators included.");
  env.def("load_state", &NativeVecEnv::load_state, nb::arg("state"), "What save_state gave. IoError for other bytes.");
  env.def(
      "close", [](NativeVecEnv& self) { self.envs().close(); }, "Frees the simulations. Again: no effect.");
  env.def("__getstate__", &state_of, nb::sig("def __getstate__(self) -> tuple[object, ...]"));
  env.def("__setstate__", &set_state, nb::sig("def __setstate__(self, state: tuple[object, ...], /) -> None"));
  env.def_prop_ro("num_envs", [](NativeVecEnv& self) { return self.envs().options().num_envs; });
  env.def_prop_ro("threads", [](NativeVecEnv& self) { return self.envs().options().num_threads; });
  env.def_prop_ro("autoreset", [](NativeVecEnv& self) { return name_of(self.envs().options().autoreset); });
  bind_spec(env, [](NativeVecEnv& self) -> NativeEnvs& { return self.envs(); });

  m.def("registered_envs", &list_envs, nb::sig("def registered_envs() -> list[dict[str, typing.Any]]"),
        "Every native environment: id, description, family, max_episode_steps (0 = none), reward_threshold and the "
        "defaults of its arguments.");
  m.def("load_env_plugin", &load_env_plugin, nb::arg("path"),
        "Loads a shared library of environments (softac/env_plugin.h), which join registered_envs().");
  m.def("set_model_directory", &set_model_directory, nb::arg("directory"),
        "Where the MuJoCo tasks' model files are, unless SOFTAC_MODEL_DIR is set.");
  m.def("model_directory", &model_directory);
}

}  // namespace softac::python

// softac._core.Env: one native environment, in its own units and with its own numbers.
#include <algorithm>

#include "bindings.h"
#include "native_envs.h"
#include "softac/error.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

// An environment's info values as a dict, with new arrays.
class InfoDict {
 public:
  explicit InfoDict(const std::vector<InfoField>& fields) : fields_(fields) {
    for (const InfoField& field : fields) {
      names_.push_back(nb::str(field.name.c_str()));
      arrays_.emplace_back(std::vector<Py_ssize_t>{field.size}, "float64");
    }
  }

  nb::dict operator()(std::span<const double> values, bool of_start) const {
    nb::dict out;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const auto size = static_cast<std::size_t>(std::max(fields_[i].size, 1));
      if (!of_start || fields_[i].at_start) {
        if (fields_[i].size == 0)
          out[names_[i]] = values.front();
        else
          out[names_[i]] = arrays_[i](values.first(size));
      }
      values = values.subspan(size);
    }
    return out;
  }

 private:
  std::vector<InfoField> fields_;
  std::vector<nb::str> names_;
  std::vector<ArrayMaker> arrays_;
};

class NativeEnv {
 public:
  NativeEnv(const std::string& id, const EnvKwargs& kwargs, const NativeOptions& options)
      : envs_(id, kwargs, options),
        make_obs_({envs_.spec().obs_dim}, envs_.obs_type()),
        to_info_(envs_.info_fields()) {}

  NativeEnvs& envs() { return envs_; }

  nb::tuple reset(nb::handle seed, nb::handle state) {
    const Busy::Guard guard(envs_.busy());
    const std::optional<std::uint64_t> number = seed_of(seed);
    if (number) envs_.get().reseed(0, *number);
    if (state.is_none()) {
      envs_.unlocked([](VecEnv& env) { env.reset(); });
    } else {
      reset_to(state);
    }
    const VecEnv& env = envs_.get();
    return nb::make_tuple(make_obs_(env.native_obs()), to_info_(env.start_info(), true));
  }

  nb::tuple step(nb::handle action) {
    const Busy::Guard guard(envs_.busy());
    envs_.get();
    if (!step_index(action)) envs_.step(NumbersIn(action), {envs_.spec().act_dim});
    const VecEnv& env = envs_.get();
    return nb::make_tuple(make_obs_(env.native_next_obs()), env.native_reward()[0], env.terminated()[0] != 0,
                          env.truncated()[0] != 0, to_info_(env.info(), false));
  }

  nb::bytes save_state() {
    const Busy::Guard guard(envs_.busy());
    if (!envs_.get().can_save_state()) throw ContractError(envs_.spec().id + " cannot save its state");
    const std::vector<std::byte> state = envs_.get().save_state();
    return nb::bytes(state.data(), state.size());
  }
  void load_state(const nb::bytes& state) {
    const Busy::Guard guard(envs_.busy());
    envs_.get().load_state({static_cast<const std::byte*>(state.data()), state.size()});
  }

 private:
  void reset_to(nb::handle state) {
    const NumbersIn numbers(state);
    const int size = envs_.get().env(0).start_size();
    if (size > 0) numbers.require_shape("state", {size});
    std::vector<double> values;
    if (numbers.is_float32()) {
      const auto given = numbers.values<float>();
      values.assign(given.begin(), given.end());
    } else {
      const auto given = numbers.values<double>();
      values.assign(given.begin(), given.end());
    }
    envs_.unlocked([&](VecEnv& env) { env.reset_to(0, values); });
  }

  // A discrete action that is a whole number, of Python or NumPy.
  bool step_index(nb::handle action) {
    if (envs_.spec().num_actions == 0 || PyIndex_Check(action.ptr()) == 0) return false;
    const Py_ssize_t index = PyNumber_AsSsize_t(action.ptr(), nullptr);
    if (index == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      return false;
    }
    const double value = static_cast<double>(index);
    envs_.step(std::span<const double>(&value, 1));
    return true;
  }

  NativeEnvs envs_;
  ArrayMaker make_obs_;
  InfoDict to_info_;
};

NativeOptions options_of(nb::handle seed, const std::optional<int>& max_episode_steps) {
  NativeOptions options;
  options.seed = seed_of(seed);
  options.max_episode_steps = max_episode_steps;
  return options;
}

void make(NativeEnv* self, const std::string& id, nb::handle seed, const std::optional<int>& max_episode_steps,
          const nb::dict& kwargs) {
  new (self) NativeEnv(id, env_kwargs_of(find_env(id), kwargs), options_of(seed, max_episode_steps));
}

nb::tuple state_of(NativeEnv& self) {
  NativeEnvs& envs = self.envs();
  const nb::bytes state = self.save_state();
  return nb::make_tuple(envs.info().id, envs.options().max_episode_steps, to_dict(envs.kwargs()), state);
}

void set_state(NativeEnv& self, const nb::tuple& state) {
  make(&self, nb::cast<std::string>(state[0]), nb::int_(0), nb::cast<std::optional<int>>(state[1]),
       nb::cast<nb::dict>(state[2]));
  self.load_state(nb::cast<nb::bytes>(state[3]));
}

}  // namespace

void bind_env(nb::module_& m) {
  nb::class_<NativeEnv> env(m, "Env",
                            "One native environment with actions in its own units, not clipped. One thread at a time: "
                            "RuntimeError.");
  env.def(
      "__init__",
      [](NativeEnv* self, const std::string& id, nb::handle seed, const std::optional<int>& max_episode_steps,
         const nb::kwargs& kwargs) { make(self, id, seed, max_episode_steps, kwargs); },
      nb::arg("id"), nb::arg("seed").none() = nb::none(), nb::arg("max_episode_steps").none() = 0, nb::arg("kwargs"),
      nb::sig("def __init__(self, id: str, seed: int | None = None, max_episode_steps: int | None = 0, **kwargs: "
              "object) -> None"),
      "id: one of registered_envs(). seed: of its start states; None: from the system. max_episode_steps: 0 = no time "
      "limit, None = the task's. kwargs: the task's arguments. ConfigError for unknown ids and arguments.");
  env.def(
      "reset", &NativeEnv::reset, nb::arg("seed").none() = nb::none(), nb::arg("state").none() = nb::none(),
      nb::sig("def reset(self, seed: int | None = None, state: object = None) -> tuple[numpy.ndarray, dict[str, "
              "float | numpy.ndarray]]"),
      "Starts an episode: the observation (O,), new, and its infos. state, (start_size,): in place of a drawn start "
      "(MuJoCo: qpos, then qvel).");
  env.def("step", &NativeEnv::step, nb::arg("action"),
          nb::sig("def step(self, action: object) -> tuple[numpy.ndarray, float, bool, bool, dict[str, float | "
                  "numpy.ndarray]]"),
          "action, (A,) or a whole number: observation (O,), new, reward, terminated, truncated, infos. ContractError "
          "(a ValueError) for another shape, an action that does not exist, before reset and after an episode's end.");
  env.def("save_state", &NativeEnv::save_state, "The whole state, generator included.");
  env.def("load_state", &NativeEnv::load_state, nb::arg("state"), "What save_state gave. IoError for other bytes.");
  env.def(
      "close", [](NativeEnv& self) { self.envs().close(); }, "Frees the simulation. Again: no effect.");
  env.def("__getstate__", &state_of, nb::sig("def __getstate__(self) -> tuple[object, ...]"));
  env.def("__setstate__", &set_state, nb::sig("def __setstate__(self, state: tuple[object, ...], /) -> None"));
  bind_spec(env, [](NativeEnv& self) -> NativeEnvs& { return self.envs(); });
}

}  // namespace softac::python

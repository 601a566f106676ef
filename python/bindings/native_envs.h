// What softac._core.Env and VecEnv share: environments of the table for Python, closed at most once.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "env_arrays.h"
#include "lock.h"
#include "pictures.h"
#include "softac/vec_env.h"

namespace softac::python {

// Python's keyword arguments as the environment's, by the types that its arguments have.
EnvKwargs env_kwargs_of(const EnvInfo& info, const nanobind::dict& kwargs);
nanobind::dict to_dict(const EnvKwargs& kwargs);
// None or a whole number from 0 to 2^64 − 1, else ValueError.
std::optional<std::uint64_t> seed_of(nanobind::handle seed);

struct NativeOptions {
  int num_envs = 1;
  int num_threads = 1;
  Autoreset autoreset = Autoreset::disabled;
  std::optional<int> max_episode_steps;  // none: the task's own
  std::optional<std::uint64_t> seed;     // of environment 0, the next one's is one more, …; none: from the system
};

// A VecEnv with actions in the environments' own units, as they are, and native numbers. One thread at a time.
class NativeEnvs {
 public:
  NativeEnvs(const std::string& id, const EnvKwargs& kwargs, const NativeOptions& options);
  ~NativeEnvs();
  NativeEnvs(const NativeEnvs&) = delete;
  NativeEnvs& operator=(const NativeEnvs&) = delete;

  Busy& busy() { return busy_; }
  VecEnv& get() const;  // ContractError once it is closed
  bool is_closed() const { return env_ == nullptr; }
  // No error the second time.
  void close();

  const EnvInfo& info() const { return info_; }
  const EnvSpec& spec() const { return spec_; }
  const EnvKwargs& kwargs() const { return kwargs_; }
  const NativeOptions& options() const { return options_; }
  const std::vector<InfoField>& info_fields() const { return info_fields_; }
  // The type of observations in Gymnasium's task.
  const char* obs_type() const { return info_.family == "classic" ? "float32" : "float64"; }

  // Steps all environments with (N × A) actions, whole numbers below num_actions where they are discrete. The
  // interpreter's lock is released meanwhile.
  template <class T>
  void step(std::span<const T> actions);
  void step(const NumbersIn& actions, const std::vector<Py_ssize_t>& shape);
  // The same with the interpreter's lock released.
  template <class Call>
  void unlocked(Call&& call) {
    VecEnv& env = get();
    const nanobind::gil_scoped_release release;
    call(env);
  }

  // Environment `index` as a picture, (height, width, 3).
  nanobind::object draw(int index, int width, int height) {
    const Busy::Guard guard(busy_);
    return pictures_.draw(get(), index, width, height);
  }

  std::vector<std::byte> save_state() const { return get().save_state(); }

 private:
  EnvInfo info_;
  EnvKwargs kwargs_;
  NativeOptions options_;
  std::unique_ptr<VecEnv> env_;
  EnvSpec spec_;
  std::vector<InfoField> info_fields_;
  Pictures pictures_;
  bool has_threads_;
  Busy busy_;
};

// The facts of its environments, as properties.
template <class Class, class GetEnvs>
void bind_spec(nanobind::class_<Class>& bound, GetEnvs get) {
  const auto fact = [&](const char* name, auto read) {
    bound.def_prop_ro(name, [get, read](Class& self) { return read(get(self)); });
  };
  fact("id", [](const NativeEnvs& envs) { return envs.info().id; });
  fact("family", [](const NativeEnvs& envs) { return envs.info().family; });
  bound.def_prop_ro(
      "kwargs", [get](Class& self) { return to_dict(get(self).kwargs()); },
      nanobind::for_getter(nanobind::sig("def kwargs(self) -> dict[str, bool | float | str | list[float]]")));
  fact("obs_dim", [](const NativeEnvs& envs) { return envs.spec().obs_dim; });
  fact("act_dim", [](const NativeEnvs& envs) { return envs.spec().act_dim; });
  fact("num_actions", [](const NativeEnvs& envs) { return envs.spec().num_actions; });
  fact("obs_low", [](const NativeEnvs& envs) { return envs.spec().obs_low; });
  fact("obs_high", [](const NativeEnvs& envs) { return envs.spec().obs_high; });
  fact("act_low", [](const NativeEnvs& envs) { return envs.spec().act_low; });
  fact("act_high", [](const NativeEnvs& envs) { return envs.spec().act_high; });
  fact("obs_type", [](const NativeEnvs& envs) { return envs.obs_type(); });
  fact("max_episode_steps", [](const NativeEnvs& envs) { return envs.spec().max_episode_steps; });
  fact("reward_threshold", [](const NativeEnvs& envs) { return envs.spec().reward_threshold; });
  fact("start_size", [](const NativeEnvs& envs) { return envs.get().env(0).start_size(); });
  fact("info_fields", [](const NativeEnvs& envs) {
    std::vector<std::tuple<std::string, int, bool>> fields;
    for (const InfoField& field : envs.info_fields()) fields.emplace_back(field.name, field.size, field.at_start);
    return fields;
  });
  fact("step_seconds", [](const NativeEnvs& envs) { return step_seconds(envs.get().env(0)); });
  fact("why_not_drawn", [](const NativeEnvs& envs) { return why_not_drawn(envs.get().env(0)); });
  bound.def(
      "render", [get](Class& self, int index, int width, int height) { return get(self).draw(index, width, height); },
      nanobind::arg("index") = 0, nanobind::arg("width") = 0, nanobind::arg("height") = 0,
      nanobind::sig("def render(self, index: int = 0, width: int = 0, height: int = 0) -> numpy.ndarray"),
      "A picture, (height, width, 3) uint8, new; both sides 0: the task's own size. ConfigError for sizes that cannot "
      "be and tasks without pictures, IoError where OpenGL is missing, with the package.");
  fact("closed", [](const NativeEnvs& envs) { return envs.is_closed(); });
}

}  // namespace softac::python

#include "native_envs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "softac/error.h"

namespace nb = nanobind;

namespace softac::python {

namespace {

bool is_text(nb::handle value) {
  return PyUnicode_Check(value.ptr()) != 0;
}

double number_of(nb::handle value, const std::string& name) {
  const double number = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred() == nullptr) return number;
  PyErr_Clear();
  throw nb::type_error(("argument '" + name + "': expected a bool, a number, a text or a list of numbers").c_str());
}

// A value of Python's; expected: one of the type that the argument has.
EnvValue value_of(nb::handle value, const std::string& name, const EnvValue* expected) {
  if (is_text(value)) return std::string(nb::str(value).c_str());
  if (PyBool_Check(value.ptr())) return value.ptr() == Py_True;
  // Gymnasium's main_body is a number or a name.
  if (expected != nullptr && std::holds_alternative<std::string>(*expected) && PyIndex_Check(value.ptr()))
    return std::string(nb::str(value).c_str());
  if (!PySequence_Check(value.ptr()) || PyFloat_Check(value.ptr())) return number_of(value, name);
  std::vector<double> list;
  for (const nb::handle item : value) list.push_back(number_of(item, name));
  return list;
}

std::uint64_t seed_of_system() {
  std::random_device entropy;
  return (static_cast<std::uint64_t>(entropy()) << 32) | entropy();
}

std::unique_ptr<VecEnv> make_envs(const std::string& id, const EnvKwargs& kwargs, const NativeOptions& options) {
  std::vector<std::unique_ptr<Env>> envs;
  for (int i = 0; i < options.num_envs; ++i) envs.push_back(make_env(id, kwargs));
  VecEnvOptions vec;
  vec.num_threads = options.num_threads;
  vec.rescale_actions = vec.clip_actions = false;
  vec.autoreset = options.autoreset;
  vec.keep_native = vec.keep_info = true;
  auto env = std::make_unique<VecEnv>(std::move(envs), vec);
  const std::uint64_t seed = options.seed ? *options.seed : seed_of_system();
  for (int i = 0; i < options.num_envs; ++i) env->reseed(i, seed + static_cast<std::uint64_t>(i));
  if (options.max_episode_steps) env->set_max_episode_steps(*options.max_episode_steps);
  return env;
}

template <class T>
void require_discrete(std::span<const T> actions, int num_actions, const std::string& id) {
  for (const T action : actions) {
    if (action >= T(0) && action < static_cast<T>(num_actions) && action == std::floor(action)) continue;
    throw ContractError(id + ": expected an action from 0 to " + std::to_string(num_actions - 1) + ", found " +
                        nb::str(nb::float_(static_cast<double>(action))).c_str());
  }
}

}  // namespace

EnvKwargs env_kwargs_of(const EnvInfo& info, const nb::dict& kwargs) {
  EnvKwargs out;
  for (const auto [key, value] : kwargs) {
    const std::string name = nb::str(key).c_str();
    const auto known = std::ranges::find(info.arguments, name, &EnvArgument::name);
    out[name] = value_of(value, name, known != info.arguments.end() ? &known->default_value : nullptr);
  }
  return out;
}

nb::dict to_dict(const EnvKwargs& kwargs) {
  nb::dict out;
  for (const auto& [name, value] : kwargs) {
    nb::object object;
    if (const auto* flag = std::get_if<bool>(&value)) object = nb::bool_(*flag);
    if (const auto* number = std::get_if<double>(&value)) object = nb::float_(*number);
    if (const auto* text = std::get_if<std::string>(&value)) object = nb::str(text->c_str());
    if (const auto* list = std::get_if<std::vector<double>>(&value)) {
      nb::list items;
      for (const double item : *list) items.append(item);
      object = items;
    }
    out[name.c_str()] = object;
  }
  return out;
}

std::optional<std::uint64_t> seed_of(nb::handle seed) {
  if (seed.is_none()) return std::nullopt;
  if (PyIndex_Check(seed.ptr()) != 0) {
    const nb::object number = nb::steal(PyNumber_Index(seed.ptr()));
    if (number.is_valid()) {
      const std::uint64_t value = PyLong_AsUnsignedLongLong(number.ptr());
      if (PyErr_Occurred() == nullptr) return value;
    }
    PyErr_Clear();
  }
  throw nb::value_error(
      (std::string("seed: expected a whole number from 0 to 2**64 - 1 or None, found ") + nb::repr(seed).c_str())
          .c_str());
}

NativeEnvs::NativeEnvs(const std::string& id, const EnvKwargs& kwargs, const NativeOptions& options)
    : info_(find_env(id)),
      kwargs_(kwargs),
      options_(options),
      has_threads_(options.num_threads != 1 && options.num_envs > 1),
      busy_("environment", has_threads_) {
  if (options.num_envs < 1)
    throw ContractError(id + ": num_envs: expected at least 1, found " + std::to_string(options.num_envs));
  if (options.num_threads < 0)
    throw ContractError(id + ": threads: expected at least 0, found " + std::to_string(options.num_threads));
  if (options.max_episode_steps && *options.max_episode_steps < 0)
    throw ContractError(id + ": max_episode_steps: expected at least 0, found " +
                        std::to_string(*options.max_episode_steps));
  {
    const nb::gil_scoped_release release;
    env_ = make_envs(id, kwargs, options);
  }
  spec_ = env_->spec();
  info_fields_ = env_->info_fields();
}

NativeEnvs::~NativeEnvs() {
  // A forked process has no threads to end.
  if (has_threads_ && !busy_.in_owning_process()) static_cast<void>(env_.release());
}

VecEnv& NativeEnvs::get() const {
  if (env_ == nullptr) throw ContractError(info_.id + ": the environment is closed");
  return *env_;
}

void NativeEnvs::close() {
  if (has_threads_ && !busy_.in_owning_process()) {
    static_cast<void>(env_.release());
    return;
  }
  const Busy::Guard guard(busy_);
  pictures_.close();
  env_.reset();
}

template <class T>
void NativeEnvs::step(std::span<const T> actions) {
  if (spec_.num_actions > 0) require_discrete(actions, spec_.num_actions, info_.id);
  unlocked([&](VecEnv& env) { env.step(actions); });
}
template void NativeEnvs::step(std::span<const float>);
template void NativeEnvs::step(std::span<const double>);

void NativeEnvs::step(const NumbersIn& actions, const std::vector<Py_ssize_t>& shape) {
  actions.require_shape("action", shape);
  if (actions.is_float32()) {
    step(actions.values<float>());
  } else {
    step(actions.values<double>());
  }
}

}  // namespace softac::python

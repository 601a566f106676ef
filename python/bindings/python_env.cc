#include "python_env.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "base/discrete_action.h"
#include "env/discrete.h"

namespace nb = nanobind;

namespace softac::python {
namespace {

using Values = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

std::vector<double> doubles(nb::handle array) {
  const auto values = nb::cast<nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>>(array);
  return {values.data(), values.data() + values.size()};
}

// "ValueError: why", then the traceback.
std::string text_of(const nb::python_error& error) {
  const nb::module_ traceback = nb::module_::import_("traceback");
  const nb::str none("");
  const auto joined = [&](nb::object lines) {
    return std::string(nb::cast<nb::str>(none.attr("join")(lines)).c_str());
  };
  const nb::object frames = error.traceback();  // none where C raised it
  const nb::object trace = frames.is_valid() ? frames : nb::none();
  std::string text = joined(traceback.attr("format_exception_only")(error.type(), error.value())) +
                     joined(traceback.attr("format_exception")(error.type(), error.value(), trace));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// One environment. The calls of VecEnv's threads take the interpreter's lock.
class PythonEnv final : public Env {
 public:
  PythonEnv(nb::object parts, RunControl& control);
  ~PythonEnv() override;

  const EnvSpec& spec() const override { return spec_; }
  void reset(Rng& rng, std::span<double> obs) override;
  StepResult step(std::span<const double> action, std::span<double> obs) override;
  bool can_save_state() const override { return can_save_state_; }
  std::vector<std::byte> save_state() const override;
  void load_state(std::span<const std::byte> state) override;

 private:
  // Calls body with the interpreter's lock; exceptions become EnvError with their traceback, and those that are no
  // Exception (KeyboardInterrupt, SystemExit) end the run.
  template <class Body>
  auto call(Body&& body) const;
  nb::object action_object(std::span<const double> action);
  void read_obs(nb::handle obs, std::span<double> out) const;
  bool has_obs_shape(const Values& array) const;

  EnvSpec spec_;
  RunControl* control_;
  bool can_save_state_ = false;
  // Emptied with the lock held.
  struct Objects {
    nb::object parts, env, step, reset, flatten, copy_action;
    std::vector<nb::object> actions;  // discrete ones, as NumPy's integers
    Values action;                    // that copy_action() copies
  };
  std::unique_ptr<Objects> objects_;
  std::vector<std::size_t> obs_shape_;
};

PythonEnv::PythonEnv(nb::object parts, RunControl& control) : control_(&control), objects_(new Objects) {
  Objects& o = *objects_;
  const auto number = [&](const char* name) { return nb::cast<int>(parts.attr(name)); };
  spec_.id = nb::cast<std::string>(parts.attr("id"));
  spec_.description = "made in Python";
  obs_shape_ = nb::cast<std::vector<std::size_t>>(parts.attr("obs_shape"));
  spec_.obs_low = doubles(parts.attr("obs_low"));
  spec_.obs_high = doubles(parts.attr("obs_high"));
  spec_.obs_dim = static_cast<int>(spec_.obs_low.size());
  spec_.max_episode_steps = number("time_limit");
  if (const int count = number("num_actions"); count > 0) {
    set_discrete_actions(spec_, count);
    const nb::object integer = nb::module_::import_("numpy").attr("int64");
    for (int i = 0, first = number("first_action"); i < count; ++i) o.actions.push_back(integer(first + i));
  } else {
    const nb::object form = parts.attr("action");
    o.copy_action = form.attr("copy");
    o.action = nb::cast<Values>(form);
    spec_.act_low = doubles(parts.attr("act_low"));
    spec_.act_high = doubles(parts.attr("act_high"));
    spec_.act_dim = static_cast<int>(spec_.act_low.size());
  }
  can_save_state_ = !parts.attr("save_state").is_none();
  o.env = parts.attr("env");
  o.step = o.env.attr("step");
  o.reset = o.env.attr("reset");
  o.flatten = parts.attr("flat_observation");
  o.parts = std::move(parts);
}

PythonEnv::~PythonEnv() {
  const nb::gil_scoped_acquire lock;
  try {
    objects_->env.attr("close")();
  } catch (nb::python_error& error) {
    error.discard_as_unraisable(objects_->env);
  }
  objects_.reset();
}

template <class Body>
auto PythonEnv::call(Body&& body) const {
  const nb::gil_scoped_acquire lock;
  try {
    return body();
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_Exception)) control_->keep(std::current_exception(), true);
    throw EnvError(text_of(error));
  }
}

void PythonEnv::reset(Rng& rng, std::span<double> obs) {
  const std::uint32_t seed = rng.next_u32() >> 1;
  call([&] {
    const nb::object result = objects_->reset(nb::arg("seed") = seed);
    if (!PyTuple_Check(result.ptr()) || nb::len(result) != 2)
      throw EnvError("reset returned something else than (observation, info)");
    read_obs(result[0], obs);
  });
}

nb::object PythonEnv::action_object(std::span<const double> action) {
  Objects& o = *objects_;
  if (spec_.num_actions > 0) return o.actions[discrete_action(action, spec_.num_actions)];
  auto* data = const_cast<void*>(o.action.data());  // the form is softac's own
  if (o.action.dtype() == nb::dtype<double>()) {
    std::memcpy(data, action.data(), action.size_bytes());
  } else {
    for (std::size_t i = 0; i < action.size(); ++i) static_cast<float*>(data)[i] = static_cast<float>(action[i]);
  }
  return o.copy_action();
}

StepResult PythonEnv::step(std::span<const double> action, std::span<double> obs) {
  return call([&] {
    const nb::object result = objects_->step(action_object(action));
    if (!PyTuple_Check(result.ptr()) || nb::len(result) != 5)
      throw EnvError("step returned something else than (observation, reward, terminated, truncated, info)");
    PyObject* const* items = PySequence_Fast_ITEMS(result.ptr());
    read_obs(items[0], obs);
    StepResult out;
    out.reward = PyFloat_AsDouble(items[1]);
    if (out.reward == -1.0 && PyErr_Occurred() != nullptr) throw nb::python_error();
    const auto flag = [](PyObject* value) {
      const int truth = PyObject_IsTrue(value);
      if (truth < 0) throw nb::python_error();
      return truth != 0;
    };
    out.terminated = flag(items[2]);
    out.truncated = flag(items[3]);
    return out;
  });
}

bool PythonEnv::has_obs_shape(const Values& array) const {
  if (array.ndim() != obs_shape_.size()) return false;
  for (std::size_t i = 0; i < obs_shape_.size(); ++i) {
    if (array.shape(i) != obs_shape_[i]) return false;
  }
  return true;
}

void PythonEnv::read_obs(nb::handle obs, std::span<double> out) const {
  Values array;
  if (nb::try_cast(obs, array, false) && has_obs_shape(array)) {
    if (array.dtype() == nb::dtype<double>()) {
      std::memcpy(out.data(), array.data(), out.size_bytes());
      return;
    }
    if (array.dtype() == nb::dtype<float>()) {
      const auto* values = static_cast<const float*>(array.data());
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<double>(values[i]);
      return;
    }
  }
  const nb::object flat = objects_->flatten(obs);
  const std::vector<double> values = doubles(flat);
  std::memcpy(out.data(), values.data(), out.size_bytes());
}

std::vector<std::byte> PythonEnv::save_state() const {
  return call([&] {
    const auto state = nb::cast<nb::bytes>(objects_->parts.attr("save_state")());
    const auto* first = static_cast<const std::byte*>(state.data());
    return std::vector<std::byte>(first, first + state.size());
  });
}

void PythonEnv::load_state(std::span<const std::byte> state) {
  call([&] { objects_->parts.attr("load_state")(nb::bytes(state.data(), state.size())); });
}

thread_local const EnvMaker* t_maker = nullptr;

std::unique_ptr<Env> make_on_this_thread(const std::string& id) {
  if (t_maker == nullptr || t_maker->id != id)
    throw ConfigError("environment '" + id + "' is made by a Python function that this thread was not given");
  const nb::gil_scoped_acquire lock;
  try {
    return std::make_unique<PythonEnv>(t_maker->make(), *t_maker->control);
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_Exception)) t_maker->control->keep(std::current_exception(), true);
    throw;
  }
}

// How many scopes need each id.
struct Registered {
  std::mutex mutex;
  std::map<std::string, int> count;
};
Registered& registered() {
  static Registered instance;
  return instance;
}

}  // namespace

EnvMakerScope::EnvMakerScope(EnvMaker maker, const EnvKwargs& arguments) : maker_(std::move(maker)), outer_(t_maker) {
  EnvInfo info{maker_.id, "made in Python", "python", {}};
  for (const auto& [name, value] : arguments) info.arguments.push_back({name, value, ""});
  Registered& r = registered();
  const std::lock_guard lock(r.mutex);
  if (r.count[maker_.id] == 0)
    register_env(info, [id = maker_.id](const EnvKwargs&) { return make_on_this_thread(id); });
  ++r.count[maker_.id];
  t_maker = &maker_;
}

EnvMakerScope::~EnvMakerScope() {
  t_maker = outer_;
  Registered& r = registered();
  const std::lock_guard lock(r.mutex);
  if (--r.count[maker_.id] == 0) unregister_env(maker_.id);
}

}  // namespace softac::python

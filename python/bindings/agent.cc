#include "agent.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <type_traits>

#include "bindings.h"
#include "replay.h"
#include "run/checkpoint.h"
#include "settings.h"
#include "softac/error.h"

namespace softac::python {
namespace {

using Shape = std::vector<std::int64_t>;

std::span<const std::uint8_t> mask_of(const std::optional<Flags>& mask) {
  if (!mask) return {};
  return {reinterpret_cast<const std::uint8_t*>(mask->data()), mask->size()};
}

// Where a result goes: out if it is given and of that shape, else a new array.
class Result {
 public:
  Result(const std::optional<FloatsOut>& out, const Shape& shape) {
    if (out) {
      require_shape(*out, "out", shape);
      values_ = span_of(*out);
      object_ = nb::cast(*out);
    } else {
      auto array = make_array<float>(shape);
      values_ = {array.data(), array.size()};
      object_ = nb::cast(array);
    }
  }
  std::span<float> values_;
  nb::object object_;
};

// A flag is 0 or 1, so that a number in the wrong place is not taken for one.
template <class T>
T element(const char* name, double value) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    if (value != 0.0 && value != 1.0) throw nb::value_error((std::string(name) + ": expected truth values").c_str());
  }
  return static_cast<T>(value);
}

// N numbers from an array of (N,), or where N = 1 from a number.
template <class T>
void fill(nb::handle from, const char* name, std::vector<T>& to) {
  using Array = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  Array array;
  const bool is_number = to.size() == 1 && (PyFloat_Check(from.ptr()) || PyLong_Check(from.ptr()));
  if (!is_number && nb::try_cast(from, array)) {
    require_shape(array, name, {static_cast<std::int64_t>(to.size())});
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = element<T>(name, static_cast<double>(array.data()[i]));
    return;
  }
  const double one = to.size() == 1 ? PyFloat_AsDouble(from.ptr()) : -1.0;  // NumPy's scalars too
  if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw nb::python_error();
  if (to.size() != 1 || PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw nb::type_error(
        (std::string(name) + ": expected an array of " + std::to_string(to.size()) + " numbers").c_str());
  }
  to[0] = element<T>(name, one);
}

// Whether no signal has arrived (Ctrl-C); the interpreter is asked 20 times a second. Without the GIL.
class NoSignal {
 public:
  bool operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return true;
    next_ = now + kInterval;
    const nb::gil_scoped_acquire acquire;
    arrived_ = PyErr_CheckSignals() != 0;
    return !arrived_;
  }
  bool arrived() const { return arrived_; }

 private:
  static constexpr std::chrono::milliseconds kInterval{50};
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kInterval;
  bool arrived_ = false;
};

}  // namespace

Agent::Agent(Learner learner, int num_threads)
    : learner_(std::make_unique<Learner>(std::move(learner))),
      busy_("Agent", num_threads > 1),
      has_threads_(num_threads > 1),
      obs_dim_(learner_->agent().obs_dim()),
      act_dim_(learner_->agent().act_dim()),
      num_envs_(learner_->options().num_streams) {
  reward_.resize(num_envs_);
  terminated_.resize(num_envs_);
  truncated_.resize(num_envs_);
}

Agent::~Agent() {
  // Threads that a fork has not copied cannot be joined.
  if (has_threads_ && !busy_.in_owning_process()) static_cast<void>(learner_.release());
}

// (O,) where there is one environment, else (N, O).
Shape Agent::like_envs(bool one, std::int64_t columns) const {
  if (one) return {columns};
  return {num_envs_, columns};
}

// Any number of rows; (columns,) is one.
Shape Agent::rows_shape(const char* name, const Floats& array, std::int64_t columns) const {
  const bool one = array.ndim() == 1;
  require_shape(array, name, one ? Shape{columns} : Shape{array.ndim() > 0 ? shape(array)[0] : 1, columns});
  return shape(array);
}

nb::object Agent::act(const Floats& obs, bool deterministic, const std::optional<FloatsOut>& out,
                      const std::optional<Flags>& mask) {
  const Busy::Guard guard(busy_);
  const bool one = num_envs_ == 1 && obs.ndim() == 1;
  require_shape(obs, "obs", like_envs(one, obs_dim_));
  if (mask) require_shape(*mask, "mask", {num_envs_});
  const Result result(out, like_envs(one, act_dim_));
  if (mask && !out) std::ranges::fill(result.values_, 0.0f);
  {
    const nb::gil_scoped_release release;
    learner_->act_all(span_of(obs), result.values_, deterministic, mask_of(mask));
  }
  return result.object_;
}

nb::object Agent::random_action(const std::optional<FloatsOut>& out, const std::optional<Flags>& mask) {
  const Busy::Guard guard(busy_);
  if (mask) require_shape(*mask, "mask", {num_envs_});
  const Result result(out, out && out->ndim() == 1 && num_envs_ == 1 ? Shape{act_dim_} : Shape{num_envs_, act_dim_});
  if (mask && !out) std::ranges::fill(result.values_, 0.0f);
  learner_->random_actions(result.values_, mask_of(mask));
  return result.object_;
}

nb::object Agent::predict(const Floats& obs, bool deterministic, const std::optional<FloatsOut>& out) {
  const Busy::Guard guard(busy_);
  Shape like = rows_shape("obs", obs, obs_dim_);
  const auto rows = static_cast<int>(like.size() == 1 ? 1 : like[0]);
  like.back() = act_dim_;
  const Result result(out, like);
  if (rows == 0) return result.object_;
  {
    const nb::gil_scoped_release release;
    learner_->predict(span_of(obs), rows, deterministic, result.values_);
  }
  return result.object_;
}

void Agent::observe(const Floats& obs, const Floats& action, nb::handle reward, const Floats& next_obs,
                    nb::handle terminated, nb::handle truncated, const std::optional<Flags>& mask) {
  const Busy::Guard guard(busy_);
  const bool one = num_envs_ == 1 && obs.ndim() == 1;
  require_shape(obs, "obs", like_envs(one, obs_dim_));
  require_shape(action, "action", like_envs(one, act_dim_));
  require_shape(next_obs, "next_obs", like_envs(one, obs_dim_));
  if (mask) require_shape(*mask, "mask", {num_envs_});
  fill(reward, "reward", reward_);
  fill(terminated, "terminated", terminated_);
  fill(truncated, "truncated", truncated_);
  const nb::gil_scoped_release release;
  learner_->observe_all({span_of(obs), span_of(action), reward_, span_of(next_obs), terminated_, truncated_},
                        mask_of(mask));
}

nb::dict Agent::update(int count) {
  const Busy::Guard guard(busy_);
  if (count < 1) throw nb::value_error(("n: expected at least 1, found " + std::to_string(count)).c_str());
  if (learner_->num_transitions() == 0) throw nb::value_error("update: nothing has been observed yet");
  UpdateMetrics m;
  NoSignal no_signal;
  {
    const nb::gil_scoped_release release;
    m = learner_->update(count, std::ref(no_signal));
  }
  if (no_signal.arrived()) throw nb::python_error();
  nb::dict out;
  out["critic_loss"] = m.critic_loss;
  if (learner_->agent().config().variant == Variant::state_value) out["value_loss"] = m.value_loss;
  if (m.actor_step) {
    out["actor_loss"] = m.actor_loss;
    if (learner_->agent().config().ent_coef_auto) out["ent_coef_loss"] = m.ent_coef_loss;
    out["entropy"] = m.entropy;
  }
  out["ent_coef"] = m.ent_coef;
  out["q_mean"] = m.q_mean;
  out["target_mean"] = m.target_mean;
  out["learning_rate"] = m.learning_rate;
  if (learner_->agent().config().max_grad_norm > 0.0) {
    out["critic_grad_norm"] = m.critic_grad_norm;
    if (m.actor_step) out["actor_grad_norm"] = m.actor_grad_norm;
  }
  return out;
}

// As rows_shape of obs; an action for each of its rows.
Shape Agent::pairs_shape(const Floats& obs, const Floats& action) const {
  const Shape rows_of = rows_shape("obs", obs, obs_dim_);
  Shape action_shape = rows_of;
  action_shape.back() = act_dim_;
  require_shape(action, "action", action_shape);
  require_discrete(action);
  return rows_of;
}

// NaN is no action; a continuous one gives NaN.
void Agent::require_discrete(const Floats& action) const {
  if (learner_->agent().config().num_actions == 0) return;
  if (std::ranges::any_of(span_of(action), [](float x) { return std::isnan(x); }))
    throw nb::value_error("action: one of the discrete actions is NaN");
}

nb::object Agent::q_values(const Floats& obs, const Floats& action, bool target) {
  const Busy::Guard guard(busy_);
  const Shape rows_of = pairs_shape(obs, action);
  const std::int64_t rows = rows_of.size() == 1 ? 1 : rows_of[0], critics = learner_->agent().config().n_critics;
  std::vector<float> q(critics * rows);
  if (rows > 0) {
    const nb::gil_scoped_release release;
    learner_->agent().q_values(span_of(obs), span_of(action), static_cast<int>(rows), target, q);
  }
  return to_numpy(std::move(q), rows_of.size() == 1 ? Shape{critics} : Shape{critics, rows});
}

nb::object Agent::log_prob(const Floats& obs, const Floats& action) {
  const Busy::Guard guard(busy_);
  const Shape rows_of = pairs_shape(obs, action);
  const std::int64_t rows = rows_of.size() == 1 ? 1 : rows_of[0];
  std::vector<double> out(rows);
  if (rows > 0) {
    const nb::gil_scoped_release release;
    learner_->agent().log_prob(span_of(obs), span_of(action), static_cast<int>(rows), out);
  }
  return to_numpy(std::move(out), rows_of.size() == 1 ? Shape{} : Shape{rows});
}

nb::object Agent::action_probabilities(const Floats& obs) {
  const Busy::Guard guard(busy_);
  const std::int64_t actions = learner_->agent().config().num_actions;
  if (actions == 0) throw nb::value_error("action_probabilities: the actions are continuous; see log_prob");
  Shape like = rows_shape("obs", obs, obs_dim_);
  const std::int64_t rows = like.size() == 1 ? 1 : like[0];
  like.back() = actions;
  std::vector<float> out(rows * actions);
  if (rows > 0) learner_->agent().action_probabilities(span_of(obs), static_cast<int>(rows), out);
  return to_numpy(std::move(out), like);
}

nb::dict Agent::diagnostics(std::optional<std::int64_t> number) {
  const Busy::Guard guard(busy_);
  if (learner_->num_transitions() == 0) throw nb::value_error("diagnostics: nothing has been observed yet");
  if (number && *number < 0) throw nb::value_error("number: expected at least 0");
  std::vector<DiagnosticValue> found;
  {
    const nb::gil_scoped_release release;
    found = learner_->diagnose(number.value_or(learner_->agent().num_updates()));
  }
  nb::dict out;
  for (const DiagnosticValue& value : found) out[nb::cast(value.name)] = value.value;
  return out;
}

nb::dict Agent::state(const std::vector<TensorRef>& tensors) {
  const Busy::Guard guard(busy_);
  nb::dict out;
  for (auto& [name, tensor] : save_tensors(tensors, {}).tensors) {
    if (tensor.type == TensorType::f64) {
      const auto x = tensor.values<double>();
      out[nb::cast(name)] = to_numpy(std::vector<double>(x.begin(), x.end()), tensor.shape);
    } else {
      const auto x = tensor.values<float>();
      out[nb::cast(name)] = to_numpy(std::vector<float>(x.begin(), x.end()), tensor.shape);
    }
  }
  return out;
}

void Agent::load_state(const std::vector<TensorRef>& tensors, const nb::dict& values_by_name, bool strict) {
  const Busy::Guard guard(busy_);
  TensorFile file;
  if (!strict) file = save_tensors(tensors, {});
  for (auto [key, value] : values_by_name) {
    std::string name;
    if (!nb::try_cast(key, name)) throw nb::type_error("values: expected a dict of arrays by name");
    const auto known = std::ranges::find(tensors, name, &TensorRef::name);
    const bool wide = known != tensors.end() && known->is_double();
    nb::ndarray<const double, nb::c_contig, nb::device::cpu> doubles;
    Floats floats;
    if (wide ? !nb::try_cast(value, doubles) : !nb::try_cast(value, floats))
      throw nb::type_error((name + ": expected an array of numbers").c_str());
    file.tensors[name] = wide ? Tensor::from<double>(shape(doubles), span_of(doubles))
                              : Tensor::from<float>(shape(floats), span_of(floats));
  }
  try {
    load_tensors(tensors, file, "state");
  } catch (const IoError& error) {
    throw ContractError(error.what());
  }
}

namespace {

nb::dict counters(Agent& agent) {
  const SacAgent::Counters c = agent.learner().agent().counters();
  nb::dict out;
  out["num_updates"] = c.num_updates;
  out["num_actor_updates"] = c.num_actor_updates;
  out["update_rng_position"] = c.update_rng_position;
  return out;
}

void set_counters(Agent& agent, std::int64_t num_updates, std::int64_t num_actor_updates,
                  std::optional<std::uint64_t> position) {
  const Busy::Guard guard(agent.busy());
  SacAgent& learner = agent.learner().agent();
  if (num_actor_updates < 0 || num_updates < num_actor_updates)
    throw nb::value_error("expected 0 <= num_actor_updates <= num_updates");
  learner.set_counters({num_updates, num_actor_updates, position.value_or(learner.counters().update_rng_position)});
}

void make_agent(Agent* self, int obs_dim, int act_dim, int num_actions, int num_envs, std::int64_t buffer_size,
                std::uint64_t seed, int threads, const std::string& backend, const nb::kwargs& settings) {
  SacConfig config = learner_config(settings);
  config.num_actions = num_actions;
  Learner learner(obs_dim, act_dim, config, {buffer_size, num_envs, seed, threads, backend});
  const int used = learner.agent().num_threads();
  new (self) Agent(std::move(learner), used);
}

std::unique_ptr<Agent> load_agent(nb::handle path, int threads, const std::string& backend) {
  Learner learner = Learner::load(path_of(path), threads, backend);
  const int used = learner.agent().num_threads();
  return std::make_unique<Agent>(std::move(learner), used);
}

std::unique_ptr<Agent> clone(Agent& agent) {
  const Busy::Guard guard(agent.busy());
  Learner copy = agent.learner().clone();
  const int used = copy.agent().num_threads();
  return std::make_unique<Agent>(std::move(copy), used);
}

using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void set_batch_normalisation(Agent& agent, const std::optional<Doubles>& mean, const std::optional<Doubles>& std,
                             const std::optional<Doubles>& clip, double reward_std, double reward_clip) {
  const Busy::Guard guard(agent.busy());
  const bool any = mean || std || clip;
  if (any && !(mean && std && clip)) throw nb::value_error("obs_mean, obs_std and obs_clip: all of them or none");
  BatchNormalisation n;
  const auto copy = [&](const std::optional<Doubles>& from, const char* name) {
    require_shape(*from, name, {agent.obs_dim()});
    return std::vector<double>(from->data(), from->data() + from->size());
  };
  if (any) n = {copy(mean, "obs_mean"), copy(std, "obs_std"), copy(clip, "obs_clip")};
  const auto positive = [](double x) { return x > 0.0; };
  if (!std::ranges::all_of(n.obs_mean, [](double x) { return std::isfinite(x); }))
    throw nb::value_error("obs_mean: expected finite numbers");
  if (!std::ranges::all_of(n.obs_std, positive)) throw nb::value_error("obs_std: expected numbers above 0");
  if (!std::ranges::all_of(n.obs_clip, positive)) throw nb::value_error("obs_clip: expected numbers above 0");
  if (!positive(reward_std)) throw nb::value_error("reward_std: expected a number above 0");
  if (!positive(reward_clip)) throw nb::value_error("reward_clip: expected a number above 0");
  n.reward_std = reward_std;
  n.reward_clip = reward_clip;
  agent.learner().set_batch_normalisation(n);
}

void with_path(Agent& agent, nb::handle path, void (Learner::*call)(const std::string&)) {
  const std::string text = path_of(path);
  locked(agent, [&](Learner& learner) { (learner.*call)(text); });
}

}  // namespace

void bind_agent(nb::module_& m) {
  bind_replay(m);
  nb::class_<Agent> agent(
      m, "Agent",
      "SAC for your own loop (docs/python.md). Observations are float32 (N, O), actions (N, A) in "
      "[-1, 1], N environments; with one environment (O,) and (A,) as well. Other number types and "
      "orders are copied. act, observe and update release the GIL; two threads at once in one Agent: "
      "RuntimeError.");
  agent
      .def("__init__", &make_agent, nb::arg("obs_dim"), nb::arg("act_dim"), nb::kw_only(), nb::arg("num_actions") = 0,
           nb::arg("num_envs") = 1, nb::arg("buffer_size") = 1'000'000, nb::arg("seed") = 0, nb::arg("threads") = 1,
           nb::arg("backend") = "", nb::arg("settings"),
           nb::sig("def __init__(self, obs_dim: int, act_dim: int, *, num_actions: int = 0, num_envs: int = 1, "
                   "buffer_size: int = 1000000, seed: int = 0, threads: int = 1, backend: str = '', "
                   "**settings: object) -> None"),
           "obs_dim: O. act_dim: A; 1 with discrete actions, whose number num_actions is (0: continuous). "
           "settings: the learner's, by name (docs/settings.md). ConfigError with all that is wrong.")
      .def(
          "act", &Agent::act, nb::arg("obs"), nb::arg("deterministic") = false,
          nb::arg("out").noconvert().none() = nb::none(), nb::arg("mask").none() = nb::none(),
          nb::sig("def act(self, obs: numpy.ndarray, deterministic: bool = False, out: numpy.ndarray | None = "
                  "None, mask: numpy.ndarray | None = None) -> numpy.ndarray"),
          "The policy's actions. out: float32 array to write into. mask: (N,) where False, nothing is drawn or written "
          "(0 in a new array).")
      .def("random_action", &Agent::random_action, nb::arg("out").noconvert().none() = nb::none(),
           nb::arg("mask").none() = nb::none(),
           nb::sig("def random_action(self, out: numpy.ndarray | None = None, mask: numpy.ndarray | None = None) -> "
                   "numpy.ndarray"),
           "Uniform actions (N, A) in [-1, 1].")
      .def("predict", &Agent::predict, nb::arg("obs"), nb::arg("deterministic") = true,
           nb::arg("out").noconvert().none() = nb::none(),
           nb::sig("def predict(self, obs: numpy.ndarray, deterministic: bool = True, out: numpy.ndarray | "
                   "None = None) -> numpy.ndarray"),
           "Actions of any number of observations, beside training: noise comes from a generator of its own.")
      .def("observe", &Agent::observe, nb::arg("obs"), nb::arg("action"), nb::arg("reward"), nb::arg("next_obs"),
           nb::arg("terminated"), nb::arg("truncated"), nb::arg("mask").none() = nb::none(),
           nb::sig(
               "def observe(self, obs: numpy.ndarray, action: numpy.ndarray, reward: numpy.ndarray | float, next_obs: "
               "numpy.ndarray, terminated: numpy.ndarray | bool, truncated: numpy.ndarray | bool, mask: "
               "numpy.ndarray | None = None) -> None"),
           "Stores a step of each environment. next_obs: the true successor, also where an episode ended. mask: (N,) "
           "where False, nothing is stored. EnvError on numbers that are not finite; then nothing is stored.")
      .def("update", &Agent::update, nb::arg("n") = 1, nb::sig("def update(self, n: int = 1) -> dict[str, float]"),
           "n updates from batches of the replay; means of what they report. NumericsError if one went wrong.")
      .def("q_values", &Agent::q_values, nb::arg("obs"), nb::arg("action"), nb::arg("target") = false,
           nb::sig("def q_values(self, obs: numpy.ndarray, action: numpy.ndarray, target: bool = "
                   "False) -> numpy.ndarray"),
           "Q_i(s, a) of each critic, or of its target: (n_critics, rows). Of quantiles the mean.")
      .def("log_prob", &Agent::log_prob, nb::arg("obs"), nb::arg("action"),
           nb::sig("def log_prob(self, obs: numpy.ndarray, action: numpy.ndarray) -> numpy.ndarray"),
           "log of the policy's density at actions in [-1, 1]: (rows,) float64. A component at -1 or 1 counts as the "
           "float next to it inside.")
      .def("action_probabilities", &Agent::action_probabilities, nb::arg("obs"),
           nb::sig("def action_probabilities(self, obs: numpy.ndarray) -> numpy.ndarray"),
           "Discrete actions: the policy (rows, num_actions).")
      .def("diagnostics", &Agent::diagnostics, nb::arg("number").none() = nb::none(),
           nb::sig("def diagnostics(self, number: int | None = None) -> dict[str, float]"),
           "What docs/diagnostics.md lists, but the rollouts of diag/q_bias. number: which batch (default: of updates "
           "so far). Changes nothing of training.")
      .def(
          "set_learning_rates",
          [](Agent& a, double actor, double critic, double ent_coef) {
            locked(a, [&](Learner& l) { l.agent().set_learning_rates(actor, critic, ent_coef); });
          },
          nb::arg("actor"), nb::arg("critic"), nb::arg("ent_coef"), "Step sizes from the next update on.")
      .def("set_batch_normalisation", &set_batch_normalisation, nb::arg("obs_mean").none() = nb::none(),
           nb::arg("obs_std").none() = nb::none(), nb::arg("obs_clip").none() = nb::none(), nb::arg("reward_std") = 1.0,
           nb::arg("reward_clip") = std::numeric_limits<double>::infinity(),
           nb::sig("def set_batch_normalisation(self, obs_mean: numpy.ndarray | None = None, obs_std: numpy.ndarray | "
                   "None = None, obs_clip: numpy.ndarray | None = None, reward_std: float = 1.0, reward_clip: float = "
                   "float('inf')) -> None"),
           "What batches are put through as they are drawn: (s - mean)/std within ±clip, each (O,), and r/std within "
           "±clip before rewards are discounted.")
      .def("clear_batch_normalisation",
           [](Agent& a) { locked(a, [](Learner& l) { l.set_batch_normalisation(std::nullopt); }); })
      .def("model_state", &Agent::model_state, nb::sig("def model_state(self) -> dict[str, numpy.ndarray]"),
           "Copies of the networks, log alpha and statistics by name.")
      .def("optimizer_state", &Agent::optimizer_state, nb::sig("def optimizer_state(self) -> dict[str, numpy.ndarray]"),
           "Copies of Adam's moments by name.")
      .def("load_model_state", &Agent::load_model_state, nb::arg("values"), nb::arg("strict") = true,
           nb::sig("def load_model_state(self, values: dict[str, numpy.ndarray], strict: bool = True) -> None"),
           "Sets them; strict: all of them. ContractError on unknown names and other shapes; then nothing is set.")
      .def("load_optimizer_state", &Agent::load_optimizer_state, nb::arg("values"), nb::arg("strict") = true,
           nb::sig("def load_optimizer_state(self, values: dict[str, numpy.ndarray], strict: bool = True) -> None"))
      .def("counters", &counters, nb::sig("def counters(self) -> dict[str, int]"))
      .def("set_counters", &set_counters, nb::arg("num_updates"), nb::arg("num_actor_updates"),
           nb::arg("update_rng_position").none() = nb::none())
      .def(
          "save", [](Agent& a, nb::handle path) { with_path(a, path, &Learner::save); }, nb::arg("path"),
          nb::sig("def save(self, path: str | os.PathLike[str]) -> None"),
          "Everything but the replay, as one safetensors file, replaced atomically.")
      .def_static("load", &load_agent, nb::arg("path"), nb::kw_only(), nb::arg("threads") = 1, nb::arg("backend") = "",
                  nb::sig("def load(path: str | os.PathLike[str], *, threads: int = 1, backend: str = '') -> Agent"),
                  "The agent of such a file, with an empty replay. IoError on anything else.")
      .def(
          "save_replay", [](Agent& a, nb::handle path) { with_path(a, path, &Learner::save_replay); }, nb::arg("path"),
          nb::sig("def save_replay(self, path: str | os.PathLike[str]) -> None"))
      .def(
          "load_replay", [](Agent& a, nb::handle path) { with_path(a, path, &Learner::load_replay); }, nb::arg("path"),
          nb::sig("def load_replay(self, path: str | os.PathLike[str]) -> None"),
          "IoError on damaged files and on a replay of another shape; the replay is then empty.")
      .def("__copy__", &clone)
      .def(
          "__deepcopy__", [](Agent& a, nb::handle) { return clone(a); }, nb::arg("memo"),
          nb::sig("def __deepcopy__(self, memo: object) -> Agent"))
      .def(
          "__reduce__",
          [](Agent&) -> nb::object { throw nb::type_error("an Agent is not pickled; use save() and load()"); },
          nb::sig("def __reduce__(self) -> str"))
      .def(
          "state_hash", [](Agent& a) { return locked(a, [](Learner& l) { return l.state_hash(); }); },
          "Digest of all that training goes on from; the same on every machine and number of threads.")
      .def_prop_ro(
          "replay", [](Agent& a) { return Replay{nb::find(a)}; }, nb::sig("def replay(self) -> Replay"))
      .def_prop_ro(
          "settings", [](Agent& a) { return learner_settings(a.learner().agent().config()); },
          nb::sig("def settings(self) -> dict[str, object]"))
      .def_prop_ro("num_updates", [](Agent& a) { return a.learner().agent().num_updates(); })
      .def_prop_ro("num_transitions", [](Agent& a) { return a.learner().num_transitions(); })
      .def_prop_ro("ent_coef", [](Agent& a) { return a.learner().agent().ent_coef(); })
      .def_prop_ro("target_entropy", [](Agent& a) { return a.learner().agent().target_entropy(); })
      .def_prop_ro("obs_dim", [](Agent& a) { return a.obs_dim(); })
      .def_prop_ro("act_dim", [](Agent& a) { return a.act_dim(); })
      .def_prop_ro("num_actions", [](Agent& a) { return a.learner().agent().config().num_actions; })
      .def_prop_ro("num_envs", [](Agent& a) { return a.num_envs(); })
      .def_prop_ro("seed", [](Agent& a) { return a.learner().options().seed; })
      .def_prop_ro("threads", [](Agent& a) { return a.learner().agent().num_threads(); })
      .def_prop_ro("backend", [](Agent& a) { return a.learner().agent().backend_name(); });
}

}  // namespace softac::python

#include "replay.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>

namespace softac::python {
namespace {

int traverse_replay(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) Py_VISIT(nb::inst_ptr<Replay>(self)->owner.ptr());
  return 0;
}

int clear_replay(PyObject* self) {
  if (nb::inst_ready(self)) nb::inst_ptr<Replay>(self)->owner.reset();
  return 0;
}

PyType_Slot kReplaySlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse_replay)},
                              {Py_tp_clear, reinterpret_cast<void*>(clear_replay)},
                              {0, nullptr}};

nb::dict export_replay(const Replay& replay) {
  Agent& agent = replay.agent();
  const Busy::Guard guard(agent.busy());
  StoredTransitions t = agent.learner().stored_transitions();
  const auto n = static_cast<std::int64_t>(t.stream.size());
  const auto flags = [&](const std::vector<std::uint8_t>& values) {
    return to_numpy(values, {n}).attr("view")("bool");
  };
  nb::dict out;
  out["env"] = to_numpy(std::move(t.stream), {n});
  out["obs"] = to_numpy(std::move(t.obs), {n, agent.obs_dim()});
  out["action"] = to_numpy(std::move(t.actions), {n, agent.act_dim()});
  out["reward"] = to_numpy(std::move(t.reward), {n});
  out["next_obs"] = to_numpy(std::move(t.next_obs), {n, agent.obs_dim()});
  out["terminated"] = flags(t.terminated);
  out["truncated"] = flags(t.truncated);
  return out;
}

void extend_replay(const Replay& replay, const Floats& obs, const Floats& action, const Floats& reward,
                   const Floats& next_obs, const Flags& terminated, const Flags& truncated,
                   const std::optional<nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig>>& env) {
  Agent& agent = replay.agent();
  const Busy::Guard guard(agent.busy());
  const std::int64_t n = obs.ndim() > 0 ? static_cast<std::int64_t>(obs.shape(0)) : 0;
  require_shape(obs, "obs", {n, agent.obs_dim()});
  require_shape(action, "action", {n, agent.act_dim()});
  require_shape(reward, "reward", {n});
  require_shape(next_obs, "next_obs", {n, agent.obs_dim()});
  require_shape(terminated, "terminated", {n});
  require_shape(truncated, "truncated", {n});
  if (env) require_shape(*env, "env", {n});
  const auto copy = [](const auto& array) {
    const auto x = span_of(array);
    return std::vector<float>(x.begin(), x.end());
  };
  const auto flags = [](const Flags& array) {
    return std::vector<std::uint8_t>(array.data(), array.data() + array.size());
  };
  StoredTransitions t{{}, copy(obs), copy(action), copy(next_obs), copy(reward), flags(terminated), flags(truncated)};
  t.stream.assign(n, 0);
  if (env) t.stream.assign(env->data(), env->data() + n);
  if (std::ranges::any_of(t.stream, [&](int stream) { return stream < 0 || stream >= agent.num_envs(); }))
    throw nb::value_error(("env: expected 0 to " + std::to_string(agent.num_envs() - 1)).c_str());
  agent.learner().extend_replay(t);
}

nb::dict sample_replay(const Replay& replay, int count) {
  Agent& agent = replay.agent();
  const Busy::Guard guard(agent.busy());
  if (agent.learner().num_transitions() == 0) throw nb::value_error("sample: the replay is empty");
  if (count < 1 || count > 65536) throw nb::value_error("n: expected 1 to 65536");
  SampledBatch b = agent.learner().sample(count);
  nb::dict out;
  out["obs"] = to_numpy(std::move(b.obs), {count, agent.obs_dim()});
  out["action"] = to_numpy(std::move(b.actions), {count, agent.act_dim()});
  out["reward"] = to_numpy(std::move(b.reward), {count});
  out["next_obs"] = to_numpy(std::move(b.next_obs), {count, agent.obs_dim()});
  out["discount"] = to_numpy(std::move(b.discount), {count});
  return out;
}

}  // namespace

void bind_replay(nb::module_& m) {
  nb::class_<Replay>(m, "Replay", nb::type_slots(kReplaySlots),
                     "The transitions that an Agent keeps; those of an environment are in their order.")
      .def_prop_ro("size", [](const Replay& r) { return r.agent().learner().num_transitions(); })
      .def("__len__", [](const Replay& r) { return r.agent().learner().num_transitions(); })
      .def_prop_ro("capacity", [](const Replay& r) { return r.agent().learner().options().buffer_size; })
      .def("export", &export_replay, nb::sig("def export(self) -> dict[str, numpy.ndarray]"),
           "All transitions as arrays of their own: env (n,), obs (n, O), action (n, A) in [-1, 1], reward (n,), "
           "next_obs (n, O), terminated (n,), truncated (n,); environment by environment, oldest first.")
      .def("extend", &extend_replay, nb::arg("obs"), nb::arg("action"), nb::arg("reward"), nb::arg("next_obs"),
           nb::arg("terminated"), nb::arg("truncated"), nb::arg("env").none() = nb::none(),
           nb::sig(
               "def extend(self, obs: numpy.ndarray, action: numpy.ndarray, reward: numpy.ndarray, next_obs: "
               "numpy.ndarray, terminated: numpy.ndarray, truncated: numpy.ndarray, env: numpy.ndarray | None = None) "
               "-> None"),
           "Appends n transitions in their order; arrays as export() gives them (env: 0 where it is left out). "
           "RuntimeError on numbers that are not finite; then nothing is stored.")
      .def("sample", &sample_replay, nb::arg("n"), nb::sig("def sample(self, n: int) -> dict[str, numpy.ndarray]"),
           "n rows drawn uniformly, as updates read them: obs, action, reward (n-step sum), next_obs, discount (of the "
           "value at next_obs; 0 where the task ended). Changes nothing of training.")
      .def("clear", [](const Replay& r) { locked(r.agent(), [](Learner& l) { l.clear_replay(); }); })
      .def(
          "end_episode",
          [](const Replay& r, int env) {
            if (env < 0 || env >= r.agent().num_envs()) throw nb::index_error("env: no such environment");
            locked(r.agent(), [&](Learner& l) { l.end_episode(env); });
          },
          nb::arg("env") = 0,
          "The newest transition of the environment will not be continued: it counts as truncated.");
}

}  // namespace softac::python

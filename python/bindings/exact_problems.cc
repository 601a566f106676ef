// Finite soft MDPs and the problems around them; softac.exact checks the arguments.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>
#include <vector>

#include "arrays.h"
#include "base/memory_limit.h"
#include "bindings.h"
#include "softac/error.h"
#include "softac/exact.h"
#include "softac/problems.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace softac::python {
namespace {

using Doubles = Argument<double, 1>;
using Integers = Argument<std::int64_t, 1>;
using Flags = Argument<bool, 1>;

std::size_t states(const FiniteMdp& mdp) {
  return static_cast<std::size_t>(mdp.num_states);
}
std::size_t actions(const FiniteMdp& mdp) {
  return static_cast<std::size_t>(mdp.num_actions);
}

// Transitions sorted by (s, a), as softac.exact gives them.
FiniteMdp make_mdp(std::int64_t num_states, std::int64_t num_actions, const Integers& row, const Integers& s_next,
                   const Doubles& p, const Doubles& r, const Flags& terminated, const Doubles& action_weight) {
  const nb::gil_scoped_release released;
  MdpBuilder builder(num_states, num_actions, available_memory());
  builder.reserve(static_cast<std::int64_t>(row.size()));
  std::size_t at = 0;
  for (std::int64_t i = 0; i < num_states * num_actions; ++i) {
    for (; at < row.size() && row.data()[at] == i; ++at)
      builder.add(s_next.data()[at], p.data()[at], r.data()[at], terminated.data()[at]);
    builder.end_row();
  }
  FiniteMdp mdp = builder.finish();
  mdp.action_weight.assign(action_weight.data(), action_weight.data() + action_weight.size());
  return mdp;
}

// Its transitions, (T) each: row = s·A + a, true successor, p, r, terminated.
using Transitions = nb::typed<nb::tuple, Array<std::int64_t, 1>, Array<std::int64_t, 1>, Array<double, 1>,
                              Array<double, 1>, Array<std::uint8_t, 1>>;
Transitions transitions(const FiniteMdp& mdp) {
  const std::size_t count = mdp.next.size();
  std::vector<std::int64_t> row(count), next(mdp.next.begin(), mdp.next.end());
  std::vector<double> reward(mdp.transition_reward);
  std::vector<std::uint8_t> ends(count);
  reward.resize(count);
  for (std::size_t i = 0; i + 1 < mdp.row_start.size(); ++i) {
    for (std::int64_t t = mdp.row_start[i]; t < mdp.row_start[i + 1]; ++t) {
      row[t] = static_cast<std::int64_t>(i);
      if (mdp.transition_reward.empty()) reward[t] = mdp.reward[i];
    }
  }
  for (const auto& [t, s_next] : mdp.ended) {
    next[t] = s_next;
    ends[t] = 1;
  }
  return Transitions(nb::make_tuple(to_array(std::move(row)), to_array(std::move(next)),
                                    to_array(std::vector<double>(mdp.p)), to_array(std::move(reward)),
                                    to_array(std::move(ends))));
}

void bind_mdp(nb::module_& m) {
  nb::class_<FiniteMdp>(
      m, "FiniteMdp",
      "A finite Markov decision process with S states and A actions. Made by the functions mdp_from_dense, "
      "mdp_from_rows and mdp_from_gym, and part of each problem. An action without transitions is not "
      "available in its state; a state without any is terminal.")
      .def_ro("num_states", &FiniteMdp::num_states)
      .def_ro("num_actions", &FiniteMdp::num_actions)
      .def_prop_ro("num_transitions", [](const FiniteMdp& mdp) { return mdp.next.size(); })
      .def_prop_ro(
          "reward",
          [](nb::object self) {
            const auto& mdp = nb::cast<const FiniteMdp&>(self);
            return view<2>(mdp.reward, {states(mdp), actions(mdp)}, self);
          },
          "(S, A) expected reward, terminating transitions included; 0 where the action is not available.")
      .def_prop_ro(
          "available",
          [](const FiniteMdp& mdp) {
            std::vector<std::uint8_t> out;
            for (std::size_t i = 0; i + 1 < mdp.row_start.size(); ++i)
              out.push_back(mdp.row_start[i] < mdp.row_start[i + 1]);
            const std::size_t shape[2] = {states(mdp), actions(mdp)};
            return nb::cast(to_array<2>(std::move(out), shape)).attr("view")("bool");
          },
          nb::sig("def available(self) -> numpy.typing.NDArray[numpy.bool_]"), "(S, A)")
      .def_prop_ro(
          "terminal",
          [](const FiniteMdp& mdp) {
            std::vector<std::uint8_t> out;
            for (std::int64_t s = 0; s < mdp.num_states; ++s) out.push_back(mdp.terminal(s));
            return nb::cast(to_array(std::move(out))).attr("view")("bool");
          },
          nb::sig("def terminal(self) -> numpy.typing.NDArray[numpy.bool_]"), "(S)")
      .def_prop_ro(
          "action_weight",
          [](const FiniteMdp& mdp) {
            return nb::cast(
                to_array(mdp.action_weight.empty() ? std::vector<double>(actions(mdp), 1.0) : mdp.action_weight));
          },
          nb::sig("def action_weight(self) -> numpy.typing.NDArray[numpy.float64]"),
          "(A) quadrature weights of a continuous action; ones where the actions are discrete.")
      .def("__repr__", [](const FiniteMdp& mdp) {
        return "FiniteMdp(" + std::to_string(mdp.num_states) + " states, " + std::to_string(mdp.num_actions) +
               " actions, " + std::to_string(mdp.next.size()) + " transitions)";
      });
  m.def("make_mdp", &make_mdp, "num_states"_a, "num_actions"_a, "row"_a, "s_next"_a, "p"_a, "r"_a, "terminated"_a,
        "action_weight"_a, "See softac.exact.mdp_from_rows.");
  m.def("mdp_transitions", &transitions, "mdp"_a, "See softac.exact.mdp_rows.");
  m.def(
      "mdp_csv",
      [](const FiniteMdp& mdp) {
        std::string text = std::string(kMdpCsvHeader) + "\n";
        for (std::int64_t s = 0; s < mdp.num_states; ++s) append_mdp_csv(mdp, s, text);
        return text;
      },
      "mdp"_a, "The transitions as text with the header s,a,s_next,p,r,terminated.");
}

void bind_problem(nb::module_& m) {
  const auto matrix_or_none = [](const std::vector<double>& values) -> nb::object {
    return values.empty() ? nb::none() : nb::cast(to_array(std::vector<double>(values)));
  };
  nb::class_<ExactProblem>(m, "ExactProblem", "A finite problem ready to solve, and how to draw it.")
      .def_ro("name", &ExactProblem::name)
      .def_ro("mdp", &ExactProblem::mdp)
      .def_prop_ro(
          "start",
          [](nb::object self) {
            const auto& start = nb::cast<const ExactProblem&>(self).start;
            return view<1>(start, {start.size()}, self);
          },
          "(S) distribution of the first state.")
      .def_ro("rows", &ExactProblem::rows, "rows * cols = S where the states lie on a grid, else 0.")
      .def_ro("cols", &ExactProblem::cols)
      .def_ro("cells", &ExactProblem::cells, "(S) letters: S start, G goal, H hole, C cliff, # wall; or empty.")
      .def_prop_ro(
          "action_dx", [=](const ExactProblem& p) { return matrix_or_none(p.action_dx); },
          nb::sig("def action_dx(self) -> numpy.typing.NDArray[numpy.float64] | None"),
          "(A) direction of each action on the grid, or None.")
      .def_prop_ro(
          "action_dy", [=](const ExactProblem& p) { return matrix_or_none(p.action_dy); },
          nb::sig("def action_dy(self) -> numpy.typing.NDArray[numpy.float64] | None"), "Downwards.")
      .def_prop_ro(
          "action_value", [=](const ExactProblem& p) { return matrix_or_none(p.action_value); },
          nb::sig("def action_value(self) -> numpy.typing.NDArray[numpy.float64] | None"),
          "(A) the action itself where it is a number in [-1, 1], or None.")
      .def_ro("x_label", &ExactProblem::x_label)
      .def_ro("y_label", &ExactProblem::y_label)
      .def("__repr__", [](const ExactProblem& p) {
        return "ExactProblem('" + p.name + "', " + std::to_string(p.mdp.num_states) + " states, " +
               std::to_string(p.mdp.num_actions) + " actions)";
      });
  m.def(
      "make_problem",
      [](std::string name, FiniteMdp mdp, std::vector<double> start, int rows, int cols, std::string cells,
         std::vector<double> dx, std::vector<double> dy, std::vector<double> value, std::string x_label,
         std::string y_label) {
        return ExactProblem{std::move(name),
                            std::move(mdp),
                            std::move(start),
                            rows,
                            cols,
                            std::move(cells),
                            std::move(dx),
                            std::move(dy),
                            std::move(value),
                            std::move(x_label),
                            std::move(y_label)};
      },
      "name"_a, "mdp"_a, "start"_a, "rows"_a, "cols"_a, "cells"_a, "action_dx"_a, "action_dy"_a, "action_value"_a,
      "x_label"_a, "y_label"_a, "See softac.exact.problem.");
  const auto release = nb::call_guard<nb::gil_scoped_release>();
  m.def("frozen_lake", &frozen_lake, "size"_a, "slippery"_a);
  m.def("cliff_walking", &cliff_walking, "slippery"_a);
  m.def("grid_world", &grid_world, "rows"_a, "cols"_a, release);
  m.def(
      "random_problem",
      [](std::int64_t num_states, std::int64_t num_actions, std::uint64_t seed) {
        return random_problem(num_states, num_actions, seed, available_memory());
      },
      "num_states"_a, "num_actions"_a, "seed"_a, release);
  m.def(
      "parse_mdp_csv",
      [](const std::string& text, const std::string& source) {
        return parse_mdp_csv(text, source, available_memory());
      },
      "text"_a, "source"_a, release);
  m.def(
      "pendulum_grid",
      [](int angles, int speeds, int num_actions) {
        return pendulum_grid(angles, speeds, num_actions, available_memory());
      },
      "angles"_a, "speeds"_a, "actions"_a, release);
  m.def(
      "mountain_car_grid",
      [](int positions, int speeds, int num_actions) {
        return mountain_car_grid(positions, speeds, num_actions, available_memory());
      },
      "positions"_a, "speeds"_a, "actions"_a, release);
  m.def(
      "grid_value",
      [](const ExactProblem& problem, const Doubles& field, double x, double y) {
        return grid_value(problem, span_of(field), x, y);
      },
      "problem"_a, "field"_a, "x"_a, "y"_a);
  m.def(
      "register_problem",
      [](ExactProblem problem, const std::string& env_id, int max_episode_steps) {
        problem.name = env_id;
        make_mdp_env(problem, max_episode_steps);  // says what does not fit
        register_env(
            {env_id, "finite problem with one-hot observations", "exact", {}},
            [problem, max_episode_steps](const EnvKwargs&) { return make_mdp_env(problem, max_episode_steps); });
      },
      "problem"_a, "env_id"_a, "max_episode_steps"_a);
  m.def("unregister_env", &unregister_env, "env_id"_a);
}

}  // namespace

void bind_exact_problems(nb::module_& m) {
  bind_mdp(m);
  bind_problem(m);
}

}  // namespace softac::python

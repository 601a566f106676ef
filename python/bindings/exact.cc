// Exact solutions of finite soft MDPs; softac.exact checks the arguments.
#include "softac/exact.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace softac::python {
namespace {

using Doubles = Argument<double, 1>;

void bind_solution(nb::module_& m) {
  nb::class_<SoftSolution> solution(m, "SoftSolution", "The soft-optimal values and policy of a finite problem.");
  solution.def_ro("alpha", &SoftSolution::alpha)
      .def_ro("gamma", &SoftSolution::gamma)
      .def_ro("iterations", &SoftSolution::iterations, "Bellman sweeps.")
      .def_ro("products", &SoftSolution::products, "Products with P_pi in between.")
      .def_ro("error_bound", &SoftSolution::error_bound,
              "|v(s) - V*(s)| for every s, rounding included; at alpha = inf of plain_return.");
  const auto vector = [&](const char* name, std::vector<double> SoftSolution::*field, const char* doc) {
    solution.def_prop_ro(
        name,
        [field](nb::object self) {
          const auto& values = nb::cast<const SoftSolution&>(self).*field;
          return view<1>(values, {values.size()}, self);
        },
        doc);
  };
  const auto matrix = [&](const char* name, std::vector<double> SoftSolution::*field, const char* doc) {
    solution.def_prop_ro(
        name,
        [field](nb::object self) {
          const auto& all = nb::cast<const SoftSolution&>(self);
          return view<2>(all.*field, {all.v.size(), all.q.size() / all.v.size()}, self);
        },
        doc);
  };
  vector("v", &SoftSolution::v, "(S); at alpha = inf, inf where entropy is still to come.");
  matrix("q", &SoftSolution::q, "(S, A); NaN where the action is not available.");
  matrix("pi", &SoftSolution::pi, "(S, A) probabilities; 0 where not available.");
  vector("log_z", &SoftSolution::log_z, "(S) log of the sum of exp(Q / alpha); empty at alpha = 0.");
  vector("entropy", &SoftSolution::entropy, "(S) of pi.");
  vector("plain_return", &SoftSolution::plain_return, "(S) discounted return of pi without entropy.");
  solution.def("__repr__", [](const SoftSolution& s) {
    char text[120];
    std::snprintf(text, sizeof text, "SoftSolution(%zu states, alpha %g, gamma %g, error bound %.2g)", s.v.size(),
                  s.alpha, s.gamma, s.error_bound);
    return std::string(text);
  });
  nb::class_<PolicyValue>(m, "PolicyValue", "The soft value of a policy.")
      .def_prop_ro(
          "v",
          [](nb::object self) {
            const auto& v = nb::cast<const PolicyValue&>(self).v;
            return view<1>(v, {v.size()}, self);
          },
          "(S)")
      .def_ro("error_bound", &PolicyValue::error_bound)
      .def_ro("iterations", &PolicyValue::iterations);
}

SoftOptions options_of(double alpha, double gamma, double tolerance, std::int64_t max_iterations, int threads) {
  return {alpha, gamma, tolerance, max_iterations, threads};
}

// (S, A) of what compute() returns without the interpreter's lock.
template <class Compute>
auto matrix_from(const FiniteMdp& mdp, Compute&& compute) {
  std::vector<double> out;
  {
    const nb::gil_scoped_release released;
    out = compute();
  }
  const std::size_t shape[2] = {static_cast<std::size_t>(mdp.num_states), static_cast<std::size_t>(mdp.num_actions)};
  return to_array<2>(std::move(out), shape);
}
template <class Compute>
auto vector_from(Compute&& compute) {
  std::vector<double> out;
  {
    const nb::gil_scoped_release released;
    out = compute();
  }
  return to_array(std::move(out));
}

void bind_functions(nb::module_& m) {
  const auto release = nb::call_guard<nb::gil_scoped_release>();
  m.def(
      "solve_soft",
      [](const FiniteMdp& mdp, double alpha, double gamma, double tolerance, std::int64_t max_iterations, int threads) {
        return solve_soft(mdp, options_of(alpha, gamma, tolerance, max_iterations, threads));
      },
      "mdp"_a, "alpha"_a, "gamma"_a, "tolerance"_a, "max_iterations"_a, "threads"_a, release);
  m.def(
      "evaluate_policy",
      [](const FiniteMdp& mdp, const Argument<double, 2>& pi, double alpha, double gamma, double tolerance,
         std::int64_t max_iterations, int threads) {
        return evaluate_policy(mdp, span_of(pi), options_of(alpha, gamma, tolerance, max_iterations, threads));
      },
      "mdp"_a, "pi"_a, "alpha"_a, "gamma"_a, "tolerance"_a, "max_iterations"_a, "threads"_a, release);
  m.def(
      "soft_q",
      [](const FiniteMdp& mdp, const Doubles& v, double gamma) {
        return matrix_from(mdp, [&] { return soft_q(mdp, span_of(v), gamma); });
      },
      "mdp"_a, "v"_a, "gamma"_a);
  m.def(
      "soft_backup",
      [](const FiniteMdp& mdp, const Doubles& v, double alpha, double gamma) {
        return vector_from([&] { return soft_backup(mdp, span_of(v), alpha, gamma); });
      },
      "mdp"_a, "v"_a, "alpha"_a, "gamma"_a);
  m.def(
      "boltzmann_policy",
      [](const FiniteMdp& mdp, const Argument<double, 2>& q, double alpha, double tie_width) {
        return matrix_from(mdp, [&] { return boltzmann_policy(mdp, span_of(q), alpha, tie_width); });
      },
      "mdp"_a, "q"_a, "alpha"_a, "tie_width"_a);
  m.def(
      "policy_entropy",
      [](const FiniteMdp& mdp, const Argument<double, 2>& pi) {
        return vector_from([&] { return policy_entropy(mdp, span_of(pi)); });
      },
      "mdp"_a, "pi"_a);
  m.def(
      "free_energy",
      [](const FiniteMdp& mdp, const Argument<double, 2>& q, double alpha) {
        return vector_from([&] { return free_energy(mdp, span_of(q), alpha); });
      },
      "mdp"_a, "q"_a, "alpha"_a);
  m.def(
      "discounted_occupancy",
      [](const FiniteMdp& mdp, const Argument<double, 2>& pi, const Doubles& start, double gamma, double tolerance) {
        return vector_from([&] { return discounted_occupancy(mdp, span_of(pi), span_of(start), gamma, tolerance); });
      },
      "mdp"_a, "pi"_a, "start"_a, "gamma"_a, "tolerance"_a);
  m.def("policy_svg", &policy_svg, "problem"_a, "solution"_a);
  m.def(
      "gauss_legendre",
      [](int n) {
        Quadrature quadrature = gauss_legendre(n);
        return std::pair(to_array(std::move(quadrature.node)), to_array(std::move(quadrature.weight)));
      },
      "n"_a);
}

}  // namespace

void bind_exact(nb::module_& m) {
  bind_solution(m);
  bind_functions(m);
}

}  // namespace softac::python

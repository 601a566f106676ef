// Solves a soft MDP, and evaluates policies (E2, E4, E7).
#include <cmath>

#include "base/text.h"
#include "exact/bellman.h"
#include "exact/checks.h"
#include "exact/fixed_point.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

namespace {

void check(const SoftOptions& options) {
  if (const std::string text = option_violations(options); !text.empty())
    throw ConfigError("options of the exact solution that cannot be used:" + text);
}

// Σp may be above 1 by what files are allowed; the contraction must hold all the same.
void check_mass(double most, double gamma) {
  if (!(gamma * most < 1.0)) {
    throw ConfigError("gamma = " + number_text(gamma) + ": too near to 1 for these transitions");
  }
}

// α·entropy of each state.
std::vector<double> entropy_terms(const FiniteMdp& mdp, std::span<const double> pi, double alpha) {
  std::vector<double> out(mdp.num_states, 0.0);
  if (alpha == 0.0) return out;
  out = policy_entropy(mdp, pi);
  for (double& h : out) h *= alpha;
  return out;
}

exact::FixedPoint evaluate(const FiniteMdp& mdp, std::span<const double> pi, double alpha, const SoftOptions& options,
                           ThreadPool& pool) {
  exact::Bellman bellman(mdp, alpha, options.gamma, pool);
  const std::vector<double> terms = entropy_terms(mdp, pi, alpha);
  return exact::fixed_point(bellman, options.tolerance, options.max_iterations, pi.data(), terms.data());
}

}  // namespace

std::string option_violations(const SoftOptions& options) {
  std::string text;
  const auto refuse = [&](const char* name, double found, const char* expected) {
    text += std::string("\n  ") + name + " = " + number_text(found) + ": must be " + expected;
  };
  if (!(options.alpha >= 0.0)) refuse("alpha", options.alpha, "at least 0, or inf");
  if (!(options.gamma >= 0.0 && options.gamma < 1.0)) refuse("gamma", options.gamma, "at least 0 and less than 1");
  if (!(options.tolerance > 0.0 && std::isfinite(options.tolerance)))
    refuse("tolerance", options.tolerance, "above 0 and finite");
  if (options.max_iterations < 1) refuse("max_iterations", static_cast<double>(options.max_iterations), "at least 1");
  if (options.threads < 0 || options.threads > 4096) refuse("threads", options.threads, "from 0 to 4096");
  return text;
}

SoftSolution solve_soft(const FiniteMdp& mdp, const SoftOptions& options) {
  check(options);
  check_mass(exact::require_mdp(mdp), options.gamma);
  ThreadPool pool(options.threads);
  const bool infinite = std::isinf(options.alpha);
  SoftSolution out;
  out.alpha = options.alpha;
  out.gamma = options.gamma;
  {
    // α → ∞ leaves the problem r = 0, α = 1, whose values are V/α in the limit.
    exact::Bellman bellman(mdp, infinite ? 1.0 : options.alpha, options.gamma, pool, infinite ? 0.0 : 1.0);
    exact::FixedPoint point = exact::fixed_point(
        bellman, infinite ? std::min(options.tolerance, 1e-9) : options.tolerance, options.max_iterations);
    out.iterations = point.iterations;
    out.products = point.products;
    out.error_bound = point.error_bound;
    out.q.resize(mdp.num_states * mdp.num_actions);
    bellman.for_blocks([&](int, std::int64_t first, std::int64_t end) {
      for (std::int64_t row = first * mdp.num_actions; row < end * mdp.num_actions; ++row) {
        const bool available = mdp.available(row / mdp.num_actions, row % mdp.num_actions);
        out.q[row] = available ? bellman.q(row, point.v.data()) : std::nan("");
      }
    });
    point.v.pop_back();
    out.v = std::move(point.v);
  }
  const double alpha = infinite ? 1.0 : options.alpha;
  // Two equally good actions may differ by what the values' errors make of them.
  out.pi = boltzmann_policy(mdp, out.q, alpha, 2.0 * out.error_bound);
  out.entropy = policy_entropy(mdp, out.pi);
  if (alpha > 0.0) {
    out.log_z = free_energy(mdp, out.q, alpha);
    for (double& z : out.log_z) z /= alpha;
  }
  const exact::FixedPoint plain = evaluate(mdp, out.pi, 0.0, options, pool);
  out.plain_return.assign(plain.v.begin(), plain.v.end() - 1);
  if (infinite) {
    const double width = 2.0 * out.error_bound;
    out.error_bound = plain.error_bound;
    // What the limit leaves finite is where no entropy is to come.
    const double infinity = std::numeric_limits<double>::infinity();
    const auto limit = [&](double entropy_to_come, double plain_value) {
      return std::fabs(entropy_to_come) > width ? std::copysign(infinity, entropy_to_come) : plain_value;
    };
    const std::vector<double> plain_q = soft_q(mdp, out.plain_return, options.gamma);
    for (std::size_t i = 0; i < out.q.size(); ++i) {
      if (!std::isnan(out.q[i])) out.q[i] = limit(out.q[i], plain_q[i]);
    }
    for (std::size_t s = 0; s < out.v.size(); ++s) out.v[s] = limit(out.v[s], out.plain_return[s]);
  }
  return out;
}

PolicyValue evaluate_policy(const FiniteMdp& mdp, std::span<const double> pi, const SoftOptions& options) {
  check(options);
  SOFTAC_REQUIRE(std::isfinite(options.alpha), options.alpha);
  const double mass = exact::require_mdp(mdp);
  check_mass(mass * exact::require_policy(mdp, pi), options.gamma);
  ThreadPool pool(options.threads);
  exact::FixedPoint point = evaluate(mdp, pi, options.alpha, options, pool);
  point.v.pop_back();
  return {std::move(point.v), point.error_bound, point.iterations + point.products};
}

std::vector<double> soft_backup(const FiniteMdp& mdp, std::span<const double> v, double alpha, double gamma) {
  exact::require_mdp(mdp);
  SOFTAC_REQUIRE(static_cast<std::int64_t>(v.size()) == mdp.num_states, v.size());
  SOFTAC_REQUIRE(alpha >= 0.0 && std::isfinite(alpha), alpha);
  SOFTAC_REQUIRE(gamma >= 0.0 && gamma <= 1.0, gamma);
  ThreadPool pool(1);
  exact::Bellman bellman(mdp, alpha, gamma, pool);
  std::vector<double> from(v.begin(), v.end()), to(v.size() + 1);
  from.push_back(0.0);
  bellman.sweep(from.data(), to.data(), nullptr);
  to.pop_back();
  return to;
}

}  // namespace softac

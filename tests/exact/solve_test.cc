#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "exact/random_mdp.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {
namespace {

using Real = long double;

SoftOptions options_of(double alpha, double gamma, double tolerance = 1e-10) {
  SoftOptions options;
  options.alpha = alpha;
  options.gamma = gamma;
  options.tolerance = tolerance;
  options.threads = 1;
  return options;
}

// Solves the dense system m x = b by elimination with pivots.
std::vector<Real> solve_dense(std::vector<std::vector<Real>> m, std::vector<Real> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i) pivot = std::abs(m[i][k]) > std::abs(m[pivot][k]) ? i : pivot;
    std::swap(m[k], m[pivot]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const Real f = m[i][k] / m[k][k];
      for (std::size_t j = k; j < n; ++j) m[i][j] -= f * m[k][j];
      b[i] -= f * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= m[k][j] * b[j];
    b[k] /= m[k][k];
  }
  return b;
}

// V* by policy iteration with dense elimination in long double: soft for alpha > 0, hard for 0.
std::vector<Real> dense_solution(const FiniteMdp& mdp, Real alpha, Real gamma) {
  const auto n = static_cast<std::size_t>(mdp.num_states), num_actions = static_cast<std::size_t>(mdp.num_actions);
  std::vector<Real> v(n, 0);
  for (int iteration = 0; iteration < 200; ++iteration) {
    std::vector<std::vector<Real>> m(n, std::vector<Real>(n, 0));
    std::vector<Real> b(n, 0);
    for (std::size_t s = 0; s < n; ++s) {
      m[s][s] = 1;
      std::vector<Real> q(num_actions, -std::numeric_limits<Real>::infinity());
      Real best = q[0];
      for (std::size_t a = 0; a < num_actions; ++a) {
        const std::size_t row = s * num_actions + a;
        if (mdp.row_start[row] == mdp.row_start[row + 1]) continue;
        q[a] = mdp.reward[row];
        for (auto i = static_cast<std::size_t>(mdp.row_start[row]);
             i < static_cast<std::size_t>(mdp.row_start[row + 1]); ++i) {
          if (mdp.next[i] < mdp.num_states)
            q[a] += gamma * static_cast<Real>(mdp.p[i]) * v[static_cast<std::size_t>(mdp.next[i])];
        }
        best = std::max(best, q[a]);
      }
      if (mdp.terminal(static_cast<std::int64_t>(s))) continue;
      std::vector<Real> pi(num_actions, 0);
      Real sum = 0;
      bool chosen = false;
      for (std::size_t a = 0; a < num_actions; ++a) {
        pi[a] = alpha > 0 ? std::exp((q[a] - best) / alpha) : (!chosen && q[a] == best ? 1 : 0);
        chosen = chosen || pi[a] > 0;
        sum += pi[a];
      }
      for (std::size_t a = 0; a < num_actions; ++a) {
        const Real share = pi[a] / sum;
        if (share == 0) continue;
        const std::size_t row = s * num_actions + a;
        b[s] += share * (static_cast<Real>(mdp.reward[row]) - alpha * std::log(share));
        for (auto i = static_cast<std::size_t>(mdp.row_start[row]);
             i < static_cast<std::size_t>(mdp.row_start[row + 1]); ++i) {
          if (mdp.next[i] < mdp.num_states)
            m[s][static_cast<std::size_t>(mdp.next[i])] -= gamma * share * static_cast<Real>(mdp.p[i]);
        }
      }
    }
    const std::vector<Real> next = solve_dense(m, b);
    Real change = 0;
    for (std::size_t s = 0; s < n; ++s) change = std::max(change, std::abs(next[s] - v[s]));
    v = next;
    if (change < 1e-17L) break;
  }
  return v;
}

TEST(Solve, EqualsTheDenseSolutionInLongDouble) {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed, {.terminates = seed % 2 == 0});
    for (const double alpha : {0.0, 0.02, 1.0, 30.0}) {
      for (const double gamma : {0.0, 0.6, 0.99}) {
        const SoftSolution solution = solve_soft(mdp, options_of(alpha, gamma, 1e-15));
        const std::vector<Real> expected = dense_solution(mdp, alpha, gamma);
        Real size = 1, error = 0;
        for (std::size_t s = 0; s < expected.size(); ++s) {
          size = std::max(size, std::abs(expected[s]));
          error = std::max(error, std::abs(expected[s] - static_cast<Real>(solution.v[s])));
        }
        EXPECT_LE(error, 1e-12L * size) << "seed " << seed << ", alpha " << alpha << ", gamma " << gamma;
        EXPECT_LE(error, static_cast<Real>(solution.error_bound))
            << "seed " << seed << ", alpha " << alpha << ", gamma " << gamma;
      }
    }
  }
}

// The bound must hold where the iteration stops early as well.
TEST(Solve, TheErrorBoundHoldsAtEveryTolerance) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed, {.terminates = seed % 2 == 0});
    const std::vector<Real> expected = dense_solution(mdp, 0.3L, 0.95L);
    for (const double tolerance : {10.0, 1.0, 1e-2, 1e-5, 1e-8}) {
      const SoftSolution solution = solve_soft(mdp, options_of(0.3, 0.95, tolerance));
      EXPECT_LE(solution.error_bound, tolerance);
      for (std::size_t s = 0; s < expected.size(); ++s)
        EXPECT_LE(std::abs(expected[s] - static_cast<Real>(solution.v[s])), static_cast<Real>(solution.error_bound));
    }
  }
}

TEST(Solve, TheBellmanOperatorContracts) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed);
    const double gamma = 0.9, alpha = seed % 3 == 0 ? 0.0 : 0.5;
    Rng rng(seed, StreamKind::test, 2);
    std::vector<double> u, v;
    for (std::int64_t s = 0; s < mdp.num_states; ++s) {
      u.push_back(mdp.terminal(s) ? 0.0 : rng.uniform(-10, 10));
      v.push_back(mdp.terminal(s) ? 0.0 : rng.uniform(-10, 10));
    }
    const auto tu = soft_backup(mdp, u, alpha, gamma), tv = soft_backup(mdp, v, alpha, gamma);
    double before = 0.0, after = 0.0;
    for (std::size_t s = 0; s < u.size(); ++s) {
      before = std::max(before, std::fabs(u[s] - v[s]));
      after = std::max(after, std::fabs(tu[s] - tv[s]));
    }
    EXPECT_LE(after, gamma * before * (1.0 + 1e-12)) << "seed " << seed;
  }
}

// E7: evaluation, then E3 on its Q, never makes a state worse, and leads to the optimum.
TEST(Solve, SoftPolicyIterationImprovesMonotonically) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed);
    const double gamma = 0.9, alpha = 0.4;
    const SoftOptions options = options_of(alpha, gamma, 1e-11);
    std::vector<double> pi = random_policy(mdp, seed);
    std::vector<double> v = evaluate_policy(mdp, pi, options).v;
    for (int iteration = 0; iteration < 3; ++iteration) {
      pi = boltzmann_policy(mdp, soft_q(mdp, v, gamma), alpha);
      const std::vector<double> better = evaluate_policy(mdp, pi, options).v;
      for (std::size_t s = 0; s < v.size(); ++s)
        ASSERT_GE(better[s], v[s] - 1e-9) << "seed " << seed << ", state " << s;
      v = better;
    }
    if (seed >= 50) continue;
    for (int iteration = 0; iteration < 20; ++iteration)
      v = evaluate_policy(mdp, boltzmann_policy(mdp, soft_q(mdp, v, gamma), alpha), options).v;
    const SoftSolution solution = solve_soft(mdp, options);
    for (std::size_t s = 0; s < v.size(); ++s) EXPECT_NEAR(v[s], solution.v[s], 1e-9);
  }
}

TEST(Solve, SmallTemperaturesLeadToTheHardOptimum) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed);
    const SoftSolution hard = solve_soft(mdp, options_of(0.0, 0.9, 1e-13));
    for (const double alpha : {1e-11, 1e-300}) {
      const SoftSolution soft = solve_soft(mdp, options_of(alpha, 0.9, 1e-13));
      for (std::size_t s = 0; s < hard.v.size(); ++s) {
        EXPECT_NEAR(soft.v[s], hard.v[s], 1e-9);
        EXPECT_NEAR(soft.plain_return[s], hard.plain_return[s], 1e-9);
      }
      for (std::size_t i = 0; i < hard.pi.size(); ++i) EXPECT_NEAR(soft.pi[i], hard.pi[i], 1e-9);
    }
  }
}

TEST(Solve, TiesShareAtZeroTemperature) {
  // Two steps to the goal by either of two ways, and a third way that is worse.
  MdpBuilder builder(4, 3);
  builder.add(1, 1.0, 0.1, false), builder.end_row();
  builder.add(2, 1.0, 0.1, false), builder.end_row();
  builder.add(0, 1.0, 0.1, false), builder.end_row();
  for (int s = 1; s <= 2; ++s) {
    builder.add(3, 1.0, 1.0 / 3.0, true), builder.end_row();
    builder.end_row();
    builder.end_row();
  }
  for (int a = 0; a < 3; ++a) builder.end_row();
  const FiniteMdp mdp = builder.finish();
  const SoftSolution solution = solve_soft(mdp, options_of(0.0, 0.5));
  EXPECT_EQ(std::vector<double>(solution.pi.begin(), solution.pi.begin() + 6),
            (std::vector<double>{0.5, 0.5, 0, 1, 0, 0}));
  EXPECT_NEAR(solution.v[0], 0.1 + 0.5 / 3.0, 1e-10);
  EXPECT_TRUE(std::isnan(solution.q[4]));
  EXPECT_EQ(solution.v[3], 0.0);
  EXPECT_NEAR(solution.entropy[0], std::log(2.0), 1e-15);
  EXPECT_TRUE(solution.log_z.empty());
}

TEST(Solve, LargeTemperaturesLeadToTheLimitPolicy) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const bool terminates = seed % 2 == 0;
    const FiniteMdp mdp = small_random_mdp(seed, {.terminates = terminates, .all_actions = !terminates});
    const SoftSolution limit = solve_soft(mdp, options_of(std::numeric_limits<double>::infinity(), 0.9, 1e-13));
    const SoftSolution large = solve_soft(mdp, options_of(1e12, 0.9, 1e-13));
    for (std::size_t s = 0; s < limit.v.size(); ++s) {
      EXPECT_NEAR(large.plain_return[s], limit.plain_return[s], 1e-9) << "seed " << seed;
      EXPECT_TRUE(std::isfinite(limit.plain_return[s]));
      const bool choice = limit.entropy[s] > 0.0;
      if (choice) {
        EXPECT_EQ(limit.v[s], std::numeric_limits<double>::infinity());
      }
    }
    if (terminates) continue;
    for (const double share : limit.pi) EXPECT_NEAR(share, 1.0 / static_cast<double>(mdp.num_actions), 1e-12);
  }
}

TEST(Solve, WhereNothingIsToChooseTheInfiniteTemperatureLeavesThePlainReturn) {
  MdpBuilder builder(2, 2);
  builder.add(0, 0.5, 1.0, false), builder.add(1, 0.5, 2.0, false), builder.end_row();
  builder.end_row();
  builder.end_row();
  builder.end_row();
  const SoftSolution solution =
      solve_soft(builder.finish(), options_of(std::numeric_limits<double>::infinity(), 0.8, 1e-12));
  EXPECT_NEAR(solution.v[0], 1.5 / (1.0 - 0.4), 1e-11);
  EXPECT_NEAR(solution.q[0], solution.v[0], 1e-11);
  EXPECT_EQ(solution.pi, (std::vector<double>{1, 0, 0, 0}));
}

// With π = exp(Q/α)/Z: the derivative of Σ πQ − α Σ π log π + λ(1 − Σπ) is 0 for every action at once, E4 gives V, and
// E6 holds for every other policy.
TEST(Solve, LagrangianAndVariationalForm) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed);
    const double alpha = 0.3;
    const SoftSolution solution = solve_soft(mdp, options_of(alpha, 0.9, 1e-13));
    const std::vector<double> other = random_policy(mdp, seed);
    for (std::int64_t s = 0; s < mdp.num_states; ++s) {
      const auto i = static_cast<std::size_t>(s);
      if (mdp.terminal(s)) continue;
      EXPECT_NEAR(solution.v[i], alpha * solution.log_z[i], 1e-11);
      const double lambda = alpha * solution.log_z[i] - alpha;
      double kl = 0.0, actor_loss = 0.0, entropy = 0.0;
      for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
        const auto row = static_cast<std::size_t>(s * mdp.num_actions + a);
        if (!mdp.available(s, a)) continue;
        EXPECT_NEAR(solution.q[row] - alpha * (std::log(solution.pi[row]) + 1.0) - lambda, 0.0, 1e-10);
        kl += other[row] * (std::log(other[row]) - std::log(solution.pi[row]));
        actor_loss += other[row] * (alpha * std::log(other[row]) - solution.q[row]);
        entropy -= solution.pi[row] * std::log(solution.pi[row]);
      }
      EXPECT_NEAR(actor_loss, alpha * kl - alpha * solution.log_z[i], 1e-10);
      EXPECT_GE(kl, 0.0);
      EXPECT_NEAR(entropy, solution.entropy[i], 1e-12);
    }
  }
}

TEST(Solve, OccupancyGivesTheReturns) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const FiniteMdp mdp = small_random_mdp(seed);
    const double alpha = 0.5, gamma = 0.9;
    const SoftSolution solution = solve_soft(mdp, options_of(alpha, gamma, 1e-12));
    std::vector<double> start(solution.v.size(), 0.0);
    start[0] = 1.0;
    const std::vector<double> occupancy = discounted_occupancy(mdp, solution.pi, start, gamma);
    double soft = 0.0, plain = 0.0, mass = 0.0;
    for (std::size_t s = 0; s < start.size(); ++s) {
      double reward = 0.0;
      for (std::size_t a = 0; a < static_cast<std::size_t>(mdp.num_actions); ++a) {
        const std::size_t row = s * static_cast<std::size_t>(mdp.num_actions) + a;
        reward += solution.pi[row] * mdp.reward[row];
      }
      plain += occupancy[s] * reward / (1.0 - gamma);
      soft += occupancy[s] * (reward + alpha * solution.entropy[s]) / (1.0 - gamma);
      mass += occupancy[s];
    }
    EXPECT_NEAR(soft, solution.v[0], 1e-9);
    EXPECT_NEAR(plain, solution.plain_return[0], 1e-9);
    EXPECT_LE(mass, 1.0 + 1e-12);
  }
}

TEST(Solve, ThreadsDoNotChangeABit) {
  const ExactProblem problem = random_problem(6000, 3, 1);
  SoftOptions options = options_of(0.5, 0.99, 1e-9);
  const SoftSolution one = solve_soft(problem.mdp, options);
  options.threads = 3;
  const SoftSolution three = solve_soft(problem.mdp, options);
  EXPECT_EQ(one.v, three.v);
  EXPECT_EQ(one.pi, three.pi);
  EXPECT_EQ(one.plain_return, three.plain_return);
  EXPECT_EQ(one.iterations, three.iterations);
}

// A chain where sweeps alone would need thousands: Newton steps and their bound.
TEST(Solve, SlowProblemsTakeNewtonSteps) {
  const ExactProblem problem = grid_world(20, 20);
  const SoftSolution solution = solve_soft(problem.mdp, options_of(0.1, 0.999, 1e-8));
  EXPECT_LE(solution.error_bound, 1e-8);
  EXPECT_GT(solution.products, 0);
  EXPECT_LT(solution.iterations, 300);
  std::vector<double> v = soft_backup(problem.mdp, solution.v, 0.1, 0.999);
  for (std::size_t s = 0; s < v.size(); ++s) EXPECT_NEAR(v[s], solution.v[s], 2e-8);
}

TEST(Solve, UnusableOptionsAndValues) {
  const FiniteMdp mdp = small_random_mdp(1);
  for (const auto& [alpha, gamma, tolerance] : {std::tuple{-1.0, 0.9, 1e-6},
                                                {std::nan(""), 0.9, 1e-6},
                                                {1.0, 1.0, 1e-6},
                                                {1.0, -0.1, 1e-6},
                                                {1.0, std::nan(""), 1e-6},
                                                {1.0, 0.9, 0.0}}) {
    EXPECT_THROW(solve_soft(mdp, options_of(alpha, gamma, tolerance)), ConfigError);
  }
  EXPECT_NE(option_violations(options_of(-1.0, 2.0, -3.0)).find("gamma = 2: must be at least 0 and less than 1"),
            std::string::npos);
  MdpBuilder builder(1, 1);
  builder.add(0, 1.0, 1e308, false), builder.end_row();
  EXPECT_THROW(solve_soft(builder.finish(), options_of(1.0, 0.99)), NumericsError);
  EXPECT_THROW(random_problem(1'000'000'000, 100, 0, 1u << 30), MemoryError);
  EXPECT_THROW(MdpBuilder(2'000'000'000, 2'000'000'000, 1u << 30), MemoryError);
  EXPECT_THROW(MdpBuilder(0, 1), ContractError);
}

}  // namespace
}  // namespace softac

// Calls that break what softac/exact.h asks for: each is refused, none runs on for ever or reads beyond an array.
#include <gtest/gtest.h>

#include <cmath>

#include "softac/error.h"
#include "softac/exact.h"

namespace softac::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

FiniteMdp small() {
  return grid_world(2, 2).mdp;  // 4 states, 4 actions; state 1 is the goal
}

TEST(ExactMisuse, TablesThatDoNotFitTogether) {
  void (*const breaks[])(FiniteMdp&) = {
      [](FiniteMdp& m) { m = FiniteMdp{}; },
      [](FiniteMdp& m) { m.num_states = 0; },
      [](FiniteMdp& m) { m.num_states = 5; },
      [](FiniteMdp& m) { m.num_actions = -1; },
      [](FiniteMdp& m) { m.row_start.pop_back(); },
      [](FiniteMdp& m) { m.row_start[1] = 99; },
      [](FiniteMdp& m) { m.row_start[0] = -1; },
      [](FiniteMdp& m) { m.row_start.back() = 1'000'000; },
      [](FiniteMdp& m) { m.next[0] = 5; },
      [](FiniteMdp& m) { m.next[0] = -1; },
      [](FiniteMdp& m) { m.p.pop_back(); },
      [](FiniteMdp& m) { m.p[0] = kNan; },
      [](FiniteMdp& m) { m.p[0] = -1.0; },
      [](FiniteMdp& m) { m.reward.clear(); },
      [](FiniteMdp& m) { m.reward[0] = kInf; },
      [](FiniteMdp& m) { m.action_weight = {1.0}; },
      [](FiniteMdp& m) { m.action_weight.assign(4, 0.0); },
      [](FiniteMdp& m) { m.transition_reward = {1.0}; },
  };
  const std::vector<double> v(4), table(16, 0.25), start(4, 0.25);
  for (const auto change : breaks) {
    ExactProblem problem = grid_world(2, 2);
    FiniteMdp& mdp = problem.mdp;
    change(mdp);
    EXPECT_THROW(solve_soft(mdp, {}), ContractError);
    EXPECT_THROW(evaluate_policy(mdp, table, {}), ContractError);
    EXPECT_THROW(soft_q(mdp, v, 0.9), ContractError);
    EXPECT_THROW(soft_backup(mdp, v, 1.0, 0.9), ContractError);
    EXPECT_THROW(boltzmann_policy(mdp, table, 1.0), ContractError);
    EXPECT_THROW(policy_entropy(mdp, table), ContractError);
    EXPECT_THROW(free_energy(mdp, table, 1.0), ContractError);
    EXPECT_THROW(discounted_occupancy(mdp, table, start, 0.9), ContractError);
    EXPECT_THROW(policy_svg(problem, {}), ContractError);
  }
}

TEST(ExactMisuse, ArgumentsOfOtherSizesAndValues) {
  const FiniteMdp mdp = small();
  const std::vector<double> v(4), q(16), short_v(3), short_q(15);
  EXPECT_THROW(soft_q(mdp, short_v, 0.9), ContractError);
  for (const double gamma : {-0.1, 1.1, kNan, kInf}) {
    EXPECT_THROW(soft_q(mdp, v, gamma), ContractError);
    EXPECT_THROW(soft_backup(mdp, v, 1.0, gamma), ContractError);
  }
  EXPECT_THROW(soft_backup(mdp, short_v, 1.0, 0.9), ContractError);
  for (const double alpha : {-1.0, kNan, kInf}) {
    EXPECT_THROW(soft_backup(mdp, v, alpha, 0.9), ContractError);
    EXPECT_THROW(free_energy(mdp, q, alpha), ContractError);
  }
  EXPECT_THROW(boltzmann_policy(mdp, short_q, 1.0), ContractError);
  EXPECT_THROW(boltzmann_policy(mdp, q, kNan), ContractError);
  EXPECT_THROW(boltzmann_policy(mdp, q, 0.0, -1.0), ContractError);
  EXPECT_THROW(boltzmann_policy(mdp, q, 0.0, kNan), ContractError);
  SoftOptions infinite;
  infinite.alpha = kInf;
  const std::vector<double> pi = boltzmann_policy(mdp, q, 1.0);
  EXPECT_THROW(evaluate_policy(mdp, pi, infinite), ContractError);
  std::string text;
  EXPECT_THROW(append_mdp_csv(mdp, -1, text), ContractError);
  EXPECT_THROW(append_mdp_csv(mdp, 4, text), ContractError);
  EXPECT_TRUE(text.empty());
}

// Shares above 1, which made an occupancy grow without end, and shares that are none.
TEST(ExactMisuse, PoliciesAreDistributions) {
  const FiniteMdp mdp = small();
  const std::vector<double> good = boltzmann_policy(mdp, std::vector<double>(16), 1.0), start(4, 0.25);
  EXPECT_NO_THROW(discounted_occupancy(mdp, good, start, 0.9));
  for (const double share : {2.0, -0.25, 0.0, kNan, kInf}) {
    std::vector<double> pi = good;
    pi[0] = share;
    EXPECT_THROW(evaluate_policy(mdp, pi, {}), ContractError) << share;
    EXPECT_THROW(policy_entropy(mdp, pi), ContractError) << share;
    EXPECT_THROW(discounted_occupancy(mdp, pi, start, 0.9), ContractError) << share;
  }
  std::vector<double> at_goal = good;
  at_goal[4] = 1.0;  // the goal has no action
  EXPECT_THROW(evaluate_policy(mdp, at_goal, {}), ContractError);
  for (const double p : {kNan, -1.0, kInf, 3.0})
    EXPECT_THROW(discounted_occupancy(mdp, good, std::vector<double>{p, 0.0, 0.0, 0.0}, 0.9), ContractError) << p;
  EXPECT_THROW(discounted_occupancy(mdp, good, std::vector<double>(3), 0.9), ContractError);
  EXPECT_THROW(discounted_occupancy(mdp, good, start, 1.0), ContractError);
  EXPECT_THROW(discounted_occupancy(mdp, good, start, 0.9, 0.0), ContractError);
  EXPECT_THROW(discounted_occupancy(mdp, good, start, 0.9, kNan), ContractError);
}

TEST(ExactMisuse, TheBuilderKeepsToItsRows) {
  EXPECT_THROW(MdpBuilder(1, -1), ContractError);
  EXPECT_THROW(MdpBuilder(1'000'000'000, 1'000'000'000), MemoryError);
  MdpBuilder builder(1, 2);
  EXPECT_THROW(builder.reserve(-1), ContractError);
  EXPECT_THROW(builder.reserve(std::numeric_limits<std::int64_t>::max()), MemoryError);
  EXPECT_THROW(builder.add(1, 1.0, 0.0, false), ContractError);
  EXPECT_THROW(builder.add(0, kNan, 0.0, false), ContractError);
  EXPECT_THROW(builder.add(0, 1.0, kInf, false), ContractError);
  builder.add(0, 0.5, 0.0, false);
  EXPECT_THROW(builder.end_row(), ContractError);  // the sum is not 1
  builder.add(0, 0.5, 0.0, false);
  builder.end_row();
  EXPECT_THROW(builder.finish(), ContractError);
  builder.end_row();
  EXPECT_THROW(builder.end_row(), ContractError);
  EXPECT_THROW(builder.add(0, 1.0, 0.0, false), ContractError);
  EXPECT_EQ(builder.finish().next.size(), 2u);
  EXPECT_THROW(builder.finish(), ContractError);
  EXPECT_THROW(builder.end_row(), ContractError);
}

TEST(ExactMisuse, ProblemsOfImpossibleSizes) {
  for (const int size : {-4, 0, 5, 16}) EXPECT_THROW(frozen_lake(size), ContractError);
  EXPECT_THROW(grid_world(1, 1), ContractError);
  EXPECT_THROW(grid_world(0, 5), ContractError);
  EXPECT_THROW(grid_world(65536, 65536), ContractError);  // 2^32 cells
  EXPECT_THROW(grid_world(std::numeric_limits<int>::max(), 3), ContractError);
  EXPECT_THROW(random_problem(0, 1, 0), ContractError);
  EXPECT_THROW(random_problem(1, -3, 0), ContractError);
  EXPECT_THROW(random_problem(100, 100, 0, 1000), MemoryError);
  for (const int n : {-1, 0, 100'001}) EXPECT_THROW(gauss_legendre(n), ContractError);
}

TEST(ExactMisuse, DrawingsNeedTheirParts) {
  const ExactProblem good = grid_world(2, 2);
  const SoftSolution solution = solve_soft(good.mdp, {});
  EXPECT_NO_THROW(policy_svg(good, solution));
  void (*const breaks[])(ExactProblem&, SoftSolution&) = {
      [](ExactProblem& p, SoftSolution&) { p.rows = 3; },
      [](ExactProblem& p, SoftSolution&) { p.cols = -2; },
      [](ExactProblem& p, SoftSolution&) { p.cells.pop_back(); },
      [](ExactProblem& p, SoftSolution&) { p.action_dx.pop_back(); },
      [](ExactProblem& p, SoftSolution&) { p.action_dy = {}; },
      [](ExactProblem& p, SoftSolution&) { p.action_value = {1.0}; },
      [](ExactProblem&, SoftSolution& s) { s.v.clear(); },
      [](ExactProblem&, SoftSolution& s) { s.pi.pop_back(); },
      [](ExactProblem&, SoftSolution& s) { s.plain_return = {}; }};
  for (const auto change : breaks) {
    ExactProblem problem = good;
    SoftSolution other = solution;
    change(problem, other);
    EXPECT_THROW(policy_svg(problem, other), ContractError);
  }
}

TEST(ExactMisuse, OptionsAreAllReported) {
  SoftOptions options;
  options.alpha = -1.0;
  options.gamma = kNan;
  options.tolerance = kInf;
  options.max_iterations = 0;
  options.threads = -1;
  try {
    solve_soft(small(), options);
    FAIL();
  } catch (const ConfigError& error) {
    for (const char* name : {"alpha", "gamma", "tolerance", "max_iterations", "threads"})
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace softac::test

#include <gtest/gtest.h>

#include <cmath>

#include "exact/random_mdp.h"
#include "softac/error.h"
#include "softac/exact.h"

namespace softac {
namespace {

std::string csv_of(const FiniteMdp& mdp) {
  std::string text = std::string(kMdpCsvHeader) + "\n";
  for (std::int64_t s = 0; s < mdp.num_states; ++s) append_mdp_csv(mdp, s, text);
  return text;
}

std::string error_of(const std::string& text) {
  try {
    parse_mdp_csv(text, "file.csv", 1u << 24);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(MdpCsv, WritesAndReadsTheSameProblem) {
  for (const ExactProblem& problem :
       {frozen_lake(8), cliff_walking(true), grid_world(3, 4), random_problem(50, 3, 7)}) {
    const ExactProblem again = parse_mdp_csv(csv_of(problem.mdp), "again");
    EXPECT_EQ(csv_of(again.mdp).size() > 0, true);
    SoftOptions options;
    options.tolerance = 1e-12;
    const SoftSolution a = solve_soft(problem.mdp, options), b = solve_soft(again.mdp, options);
    ASSERT_EQ(a.v.size(), b.v.size());
    for (std::size_t s = 0; s < a.v.size(); ++s) EXPECT_NEAR(a.v[s], b.v[s], 1e-10) << problem.name;
    EXPECT_EQ(csv_of(parse_mdp_csv(csv_of(again.mdp), "third").mdp), csv_of(again.mdp));
  }
}

TEST(MdpCsv, Rules) {
  const ExactProblem problem = parse_mdp_csv(
      "\xef\xbb\xbfs,a,s_next,p,r,terminated\r\n"
      "0,0,1,0.25,4,0\r\n"
      " 0 , 0 , 1 , 2.5e-1 , 2 , False \r\n"
      "\r\n"
      "0,0,2,0.5,10,1\r\n"
      "2,1,0,1,+1,true",
      "rules");
  const FiniteMdp& mdp = problem.mdp;
  EXPECT_EQ(mdp.num_states, 3);
  EXPECT_EQ(mdp.num_actions, 2);
  EXPECT_EQ(mdp.p, (std::vector<double>{0.5, 0.5, 1.0}));  // rows of the same (s, a, s_next) add
  EXPECT_EQ(mdp.reward[0], 0.5 * 3.0 + 0.5 * 10.0);        // r counts also when it terminates
  EXPECT_TRUE(mdp.terminal(1));                            // no rows
  EXPECT_FALSE(mdp.available(0, 1));
  EXPECT_EQ(problem.start, (std::vector<double>{0.5, 0.0, 0.5}));
  const SoftSolution solution = solve_soft(mdp, {.alpha = 2.0, .gamma = 0.9});
  EXPECT_NEAR(solution.v[0], 6.5, 1e-12);  // both successors end
  EXPECT_EQ(solution.v[1], 0.0);
  EXPECT_EQ(solution.pi[1], 0.0);
  EXPECT_TRUE(std::isnan(solution.q[1]));
}

TEST(MdpCsv, ErrorsNameTheLine) {
  const std::string header = std::string(kMdpCsvHeader) + "\n";
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "file.csv:1: the file is empty"},
           {"s,a,p\n", "file.csv:1: expected the header s,a,s_next,p,r,terminated, found 's,a,p'"},
           {header, "no transitions"},
           {header + "0,0,0,1,0\n", "file.csv:2: expected 6 fields"},
           {header + "0,0,0,1,0,0,0\n", "found 7"},
           {header + "-1,0,0,1,0,0\n", "file.csv:2: s: expected a whole number"},
           {header + "0,0.5,0,1,0,0\n", "file.csv:2: a: expected"},
           {header + "0,0,99999999999,1,0,0\n", "s_next: expected"},
           {header + "0,0,0,1,0,0\n0,1,0,-0.5,0,0\n", "file.csv:3: p: expected a number from 0 to 1, found '-0.5'"},
           {header + "0,0,0,nan,0,0\n", "p: expected"},
           {header + "0,0,0,1,inf,0\n", "r: expected a finite number, found 'inf'"},
           {header + "0,0,0,1,0,2\n", "terminated: expected 0 or 1"},
           {header + "0,0,0,0.5,0,0\n0,0,1,0.49,0,0\n", "file.csv:2: the probabilities of s = 0, a = 0 sum to 0.99"},
           {header + "2000000000,2000000,0,1,0,0\n", "needs at least"},
       }) {
    EXPECT_NE(error_of(text).find(part), std::string::npos) << text << "\n" << error_of(text);
  }
  EXPECT_THROW(parse_mdp_csv(header + "2000000000,20,0,1,0,0\n", "x", 1u << 20), MemoryError);
  EXPECT_EQ(error_of(header + "0,0,0,0.9999999999,0,0\n"), "");  // within 1e-9
}

TEST(Problems, GridWorldByHand) {
  const ExactProblem problem = grid_world(1, 3);  // start, middle, goal
  const SoftSolution solution = solve_soft(problem.mdp, {.alpha = 0.0, .gamma = 0.5});
  EXPECT_NEAR(solution.v[0], -1.5, 1e-9);
  EXPECT_NEAR(solution.v[1], -1.0, 1e-9);
  EXPECT_EQ(solution.v[2], 0.0);
  EXPECT_EQ(solution.pi[1], 1.0);  // to the right
}

// Optimal returns known from the literature: FrozenLake's is 0.74 per episode without discount, CliffWalking's −13.
TEST(Problems, KnownOptima) {
  const SoftSolution lake = solve_soft(frozen_lake().mdp, {.alpha = 0.0, .gamma = 0.9999, .tolerance = 1e-8});
  EXPECT_NEAR(lake.v[0], 14.0 / 17.0, 2e-2);
  const SoftSolution cliff = solve_soft(cliff_walking().mdp, {.alpha = 0.0, .gamma = 0.999999, .tolerance = 1e-5});
  EXPECT_NEAR(cliff.v[36], -13.0, 1e-3);
}

TEST(Problems, RandomGeneratorIsTheDocumentedOne) {
  const ExactProblem problem = random_problem(10, 2, 5);
  for (std::int64_t row = 0; row < 20; ++row) {
    Rng rng(5, static_cast<std::uint64_t>(row));
    double weight[4], sum = 0.0;
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(problem.mdp.next[static_cast<std::size_t>(row) * 4 + i], static_cast<std::int32_t>(rng.below(10)));
    for (double& w : weight) sum += w = 1.0 - rng.uniform();
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(problem.mdp.p[static_cast<std::size_t>(row) * 4 + i], weight[i] / sum);
    EXPECT_EQ(problem.mdp.reward[static_cast<std::size_t>(row)], rng.uniform());
  }
}

TEST(Quadrature, ExactForPolynomials) {
  for (const int n : {1, 2, 3, 5, 16, 51}) {
    const Quadrature q = gauss_legendre(n);
    for (int degree = 0; degree < 2 * n && degree < 40; ++degree) {
      double sum = 0.0;
      for (std::size_t i = 0; i < q.node.size(); ++i) sum += q.weight[i] * std::pow(q.node[i], degree);
      EXPECT_NEAR(sum, degree % 2 == 0 ? 2.0 / (degree + 1) : 0.0, 1e-14) << n << " nodes, degree " << degree;
    }
  }
}

// With quadrature weights the entropy is that of the density and the free energy the integral's.
TEST(Quadrature, ActionWeightsGiveTheContinuousProblem) {
  const Quadrature nodes = gauss_legendre(40);
  MdpBuilder builder(1, 40);
  for (const double a : nodes.node) builder.add(0, 1.0, -a * a, true), builder.end_row();
  FiniteMdp mdp = builder.finish();
  mdp.action_weight = nodes.weight;
  const double alpha = 0.1;
  const SoftSolution solution = solve_soft(mdp, {.alpha = alpha, .gamma = 0.5});
  const double z = std::sqrt(M_PI * alpha) * std::erf(1.0 / std::sqrt(alpha));  // ∫ exp(−a²/α) da
  EXPECT_NEAR(solution.v[0], alpha * std::log(z), 1e-12);
  EXPECT_NEAR(solution.plain_return[0] + alpha * solution.entropy[0], solution.v[0], 1e-9);
  const SoftSolution limit = solve_soft(mdp, {.alpha = std::numeric_limits<double>::infinity(), .gamma = 0.5});
  EXPECT_NEAR(limit.entropy[0], std::log(2.0), 1e-12);
  EXPECT_NEAR(limit.plain_return[0], -1.0 / 3.0, 1e-9);
}

TEST(PolicySvg, DrawsEveryKind) {
  for (const ExactProblem& problem : {frozen_lake(), cliff_walking(), random_problem(100, 30, 0)}) {
    for (const double alpha : {0.0, 1.0, std::numeric_limits<double>::infinity()}) {
      const std::string svg = policy_svg(problem, solve_soft(problem.mdp, {.alpha = alpha}));
      EXPECT_TRUE(svg.starts_with("<svg ")) << problem.name;
      EXPECT_TRUE(svg.ends_with("</svg>\n"));
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace softac

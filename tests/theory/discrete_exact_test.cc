// The discrete learner finds what exact/ computes: its policy's exact soft return is within 1 % of the optimum. One
// seed here, five in the campaign.
#include "theory/discrete_exact.h"

#include <gtest/gtest.h>

#include <cmath>

#include "softac/error.h"

namespace softac {
namespace {

#ifdef SOFTAC_CAMPAIGN
constexpr std::uint64_t kNumSeeds = 5;
#else
constexpr std::uint64_t kNumSeeds = 1;
#endif

void expect_within_one_percent(const ExactTask& task) {
  for (std::uint64_t seed = 0; seed < kNumSeeds; ++seed) {
    const ExactComparison result = train_against_exact(task, seed);
    const double gap = (result.optimal - result.learned) / std::fabs(result.optimal);
    std::printf("%s, seed %d: optimum %.5f, learned %.5f, %.3f %% below\n", task.problem.name.c_str(),
                static_cast<int>(seed), result.optimal, result.learned, 100.0 * gap);
    EXPECT_LT(gap, 0.01) << "seed " << seed;
    EXPECT_GT(gap, -1e-6) << "nothing is better than the optimum";
  }
}

TEST(DiscreteExact, FrozenLake) {
  expect_within_one_percent(lake_task());
}
TEST(DiscreteExact, CliffWalking) {
  expect_within_one_percent(cliff_task());
}

TEST(MdpEnv, FollowsTheTransitions) {
  const std::unique_ptr<Env> env = make_mdp_env(frozen_lake(), 100);
  Rng rng(3);
  std::vector<double> obs(16), count(16, 0.0);
  constexpr int kSteps = 30'000;
  for (int i = 0; i < kSteps; ++i) {
    env->reset(rng, obs);
    ASSERT_EQ(obs[0], 1.0);
    const StepResult result = env->step(std::vector<double>{2.0}, obs);  // right: down, right or up, each 1/3
    ASSERT_FALSE(result.terminated);
    for (std::size_t s = 0; s < 16; ++s) count[s] += obs[s] / kSteps;
  }
  EXPECT_NEAR(count[0], 1.0 / 3.0, 0.012);  // five standard deviations
  EXPECT_NEAR(count[1], 1.0 / 3.0, 0.012);
  EXPECT_NEAR(count[4], 1.0 / 3.0, 0.012);
  EXPECT_THROW(make_mdp_env(parse_mdp_csv("s,a,s_next,p,r,terminated\n0,0,0,1,0,0\n1,1,0,1,0,0\n", "x"), 10),
               ConfigError);
}

}  // namespace
}  // namespace softac

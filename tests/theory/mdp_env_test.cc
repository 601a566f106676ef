// A finite problem as an environment: its saved state, the ends of its episodes, and the problems that are refused.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "softac/error.h"
#include "softac/problems.h"

namespace softac {
namespace {

TEST(MdpEnvState, AStepAfterLoadingIsTheStepAfterSaving) {
  const std::unique_ptr<Env> env = make_mdp_env(frozen_lake(), 100), other = make_mdp_env(frozen_lake(), 100);
  ASSERT_TRUE(env->can_save_state());
  Rng rng(5);
  std::vector<double> obs(16), again(16);
  const std::vector<double> right = {2.0};
  for (int episode = 0; episode < 50; ++episode) {
    env->reset(rng, obs);
    for (bool ends = false; !ends;) {
      other->load_state(env->save_state());
      const StepResult result = env->step(right, obs), repeated = other->step(right, again);
      ASSERT_EQ(obs, again);
      ASSERT_EQ(result.reward, repeated.reward);
      ASSERT_EQ(result.terminated, repeated.terminated);
      ASSERT_EQ(env->save_state(), other->save_state());
      ends = result.terminated;
    }
    EXPECT_TRUE(obs[5] + obs[7] + obs[11] + obs[12] + obs[15] == 1.0);  // a hole or the goal
  }
}

TEST(MdpEnvState, WhatIsNoStateIsRefused) {
  const std::unique_ptr<Env> env = make_mdp_env(frozen_lake(), 100);
  Rng rng(5);
  std::vector<double> obs(16);
  env->reset(rng, obs);
  std::vector<std::byte> state = env->save_state();
  std::vector<std::byte> cut(state.begin(), state.end() - 1);
  EXPECT_THROW(env->load_state(cut), IoError);
  state[0] = std::byte{16};  // the lowest byte of the state's number
  EXPECT_THROW(env->load_state(state), IoError);
}

TEST(MdpEnvState, AStartThatIsTerminalIsRefused) {
  ExactProblem problem = parse_mdp_csv("s,a,s_next,p,r,terminated\n0,0,1,1,0,0\n", "x");
  ASSERT_EQ(problem.mdp.num_states, 2);
  make_mdp_env(problem, 100);
  problem.start = {0.0, 1.0};
  EXPECT_THROW(make_mdp_env(problem, 100), ConfigError);
}

}  // namespace
}  // namespace softac

// Steps of every environment, episode ends included, must not allocate.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "softac/vec_env.h"
#include "support/allocation_counter.h"

namespace softac {
namespace {

TEST(Allocations, AreCounted) {
  const std::int64_t before = test::num_allocations();
  ::operator delete(::operator new(100));  // called by name: a compiler may leave out the pair of a new-expression
  EXPECT_EQ(test::num_allocations(), before + 1);
}

// Steps of every environment with random actions; all: with everything kept that can be.
void expect_no_allocation(bool all) {
  load_env_plugin(SOFTAC_TEST_PLUGIN);
  for (const EnvInfo& info : registered_envs()) {
    if (info.id.starts_with("Bad")) continue;  // these fail on purpose
    std::vector<std::unique_ptr<Env>> envs;
    const int num_envs = all ? 1 : 3;
    for (int i = 0; i < num_envs; ++i) envs.push_back(make_env(info.id));
    VecEnvOptions options;
    options.num_threads = 2;
    options.timeout_sec = 60.0;
    options.keep_native = options.keep_info = all;
    options.autoreset = all ? Autoreset::next_step : Autoreset::same_step;
    options.rescale_actions = !all;
    VecEnv env(std::move(envs), options);
    env.reset();
    std::vector<float> actions(static_cast<std::size_t>(num_envs * env.spec().act_dim));
    Rng rng(1, StreamKind::test);
    std::int64_t allocations = 0;
    int episodes = 0;
    for (int t = 0; t < 1100; ++t) {
      for (float& a : actions) a = static_cast<float>(rng.uniform(-1.0, 1.0));
      const std::int64_t before = test::num_allocations();
      env.step(actions);
      if (t >= 50) allocations += test::num_allocations() - before;  // the first steps may warm things up
      episodes += env.terminated()[0] + env.truncated()[0];
    }
    EXPECT_EQ(allocations, 0) << info.id;
    EXPECT_GT(episodes, 0) << info.id << ": the test must meet a reset";
  }
}

TEST(Allocations, StepsMakeNone) {
  expect_no_allocation(false);
}

TEST(Allocations, StepsThatKeepNativeNumbersAndInfosMakeNone) {
  expect_no_allocation(true);
}

}  // namespace
}  // namespace softac

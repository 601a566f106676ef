// The running simulation: breakdowns, exact states, shared models on several threads, memory.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <thread>

#include "fixture.h"
#include "softac/error.h"

namespace softac {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A task with its buffers and its own random actions.
struct Player {
  explicit Player(std::unique_ptr<Env> made)
      : env(std::move(made)),
        obs(static_cast<std::size_t>(env->spec().obs_dim)),
        action(static_cast<std::size_t>(env->spec().act_dim)) {}
  explicit Player(const std::string& id) : Player(make_env(id)) {}

  // Random steps; a new episode after each end. Returns the bits of all that came out, mixed.
  std::uint64_t play(Rng& actions, Rng& starts, int steps) {
    std::uint64_t hash = 1469598103934665603u;
    const auto mix = [&hash](double value) { hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 1099511628211u; };
    for (int t = 0; t < steps; ++t) {
      for (double& a : action) a = actions.uniform(-1.0, 1.0);
      const StepResult result = env->step(action, obs);
      for (const double value : obs) mix(value);
      mix(result.reward);
      mix(result.terminated ? 1.0 : 0.0);
      if (result.terminated) {
        env->reset(starts, obs);
        for (const double value : obs) mix(value);
      }
    }
    return hash;
  }

  std::unique_ptr<Env> env;
  std::vector<double> obs, action;
};

class MujocoTask : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> task_ids() {
  std::vector<std::string> ids;
  for (const auto& [info, factory] : mujoco_env_table()) ids.push_back(info.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(All, MujocoTask, ::testing::ValuesIn(task_ids()), [](const auto& test) {
  std::string name = test.param;
  name.erase(name.find('-'), 1);
  return name;
});

TEST_P(MujocoTask, GoesOnFromASavedStateBitForBitAlsoInAFreshInstance) {
  Player player(GetParam());
  Rng starts(3), actions(4);
  player.env->reset(starts, player.obs);
  for (const int steps_before : {0, 1, 17}) {
    player.play(actions, starts, steps_before);
    const std::vector<std::byte> state = player.env->save_state();
    Rng starts_again = starts, actions_again = actions, starts_fresh = starts, actions_fresh = actions;
    const std::uint64_t first = player.play(actions, starts, 60);
    player.env->load_state(state);
    EXPECT_EQ(player.env->save_state(), state);
    EXPECT_EQ(player.play(actions_again, starts_again, 60), first) << steps_before;
    Player fresh(GetParam());
    fresh.env->load_state(state);
    EXPECT_EQ(fresh.play(actions_fresh, starts_fresh, 60), first) << steps_before;
  }
}

TEST_P(MujocoTask, InfosOfAStepAreNoNumbersBeforeIt) {
  Player player(GetParam());
  const std::vector<InfoField> fields = player.env->info_fields();
  std::vector<double> values(static_cast<std::size_t>(info_size(fields)));
  const auto expect_numbers = [&](bool of_start, bool of_step) {
    player.env->info(values);
    auto value = values.begin();
    for (const InfoField& field : fields) {
      for (int k = 0; k < std::max(field.size, 1); ++k)
        EXPECT_EQ(std::isfinite(*value++), field.at_start ? of_start : of_step) << field.name;
    }
  };
  expect_numbers(false, false);
  Rng rng(5);
  player.env->reset(rng, player.obs);
  expect_numbers(true, false);
  player.env->step(player.action, player.obs);
  expect_numbers(true, true);
  player.env->load_state(player.env->save_state());
  expect_numbers(false, false);
}

TEST_P(MujocoTask, StartsInAGivenState) {
  Player player(GetParam()), same(GetParam());
  auto& mujoco = dynamic_cast<MujocoEnv&>(*same.env);
  ASSERT_EQ(player.env->start_size(), mujoco.nq() + mujoco.nv());
  std::vector<double> state(static_cast<std::size_t>(player.env->start_size()));
  Rng rng(6);
  for (double& x : state) x = rng.uniform(0.1, 0.2);
  player.env->reset_to(state, player.obs);
  const std::size_t nq = static_cast<std::size_t>(mujoco.nq());
  mujoco.set_state(std::span(state).first(nq), std::span(state).subspan(nq), same.obs);
  EXPECT_EQ(player.obs, same.obs);
  state.pop_back();
  EXPECT_THROW(player.env->reset_to(state, player.obs), ContractError);
}

TEST_P(MujocoTask, RefusesAStateOfAnotherSize) {
  Player player(GetParam());
  std::vector<std::byte> state = player.env->save_state();
  state.pop_back();
  EXPECT_THAT(message_of<IoError>([&] { player.env->load_state(state); }), HasSubstr(GetParam()));
}

TEST_P(MujocoTask, ReportsABreakdownAndRecoversByReset) {
  Player player(GetParam());
  auto& mujoco = dynamic_cast<MujocoEnv&>(*player.env);
  Rng rng(1);
  player.env->reset(rng, player.obs);
  std::vector<double> qpos(static_cast<std::size_t>(mujoco.nq())), qvel(static_cast<std::size_t>(mujoco.nv()));
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

  qvel.back() = kNaN;
  mujoco.set_state(qpos, qvel, player.obs);
  const auto step = [&] { player.env->step(player.action, player.obs); };
  EXPECT_THAT(message_of<EnvError>(step),
              AllOf(HasSubstr(GetParam()), HasSubstr("qvel"), HasSubstr("index " + std::to_string(mujoco.nv() - 1))));
  EXPECT_THROW(step(), EnvError);  // and again, until it is reset

  qvel.back() = 0.0;
  qpos[0] = kNaN;
  mujoco.set_state(qpos, qvel, player.obs);
  EXPECT_THAT(message_of<EnvError>(step), AllOf(HasSubstr("qpos"), HasSubstr("index 0")));

  player.env->reset(rng, player.obs);
  player.action[0] = kNaN;
  EXPECT_THAT(message_of<EnvError>(step), AllOf(HasSubstr("ctrl"), HasSubstr("index 0")));

  player.action[0] = 0.0;
  player.env->reset(rng, player.obs);
  EXPECT_NO_THROW(step());
  for (const double value : player.obs) EXPECT_TRUE(std::isfinite(value));
}

TEST(MujocoSimulation, ReportsAnExplosion) {
  Player player("HalfCheetah-v5");
  auto& mujoco = dynamic_cast<MujocoEnv&>(*player.env);
  const std::vector<double> qpos(9), qvel(9, 1e7);
  mujoco.set_state(qpos, qvel, player.obs);
  const auto steps = [&] {
    for (int t = 0; t < 100; ++t) player.env->step(player.action, player.obs);
  };
  EXPECT_THAT(message_of<EnvError>(steps),
              AllOf(HasSubstr("HalfCheetah-v5: the simulation broke down: MuJoCo's warning 'bad number"),
                    HasSubstr("(joint ")));
}

// One model, many simulations at once: the results are those of running alone.
TEST(MujocoSimulation, ThreadsThatShareAModelDoNotDisturbEachOther) {
  for (const char* id : {"HalfCheetah-v5", "Ant-v5", "Humanoid-v5"}) {
    const auto run = [id](std::uint64_t seed) {
      Player player(id);
      Rng starts(seed), actions(seed + 100);
      player.env->reset(starts, player.obs);
      return player.play(actions, starts, 150);
    };
    std::uint64_t alone[4], together[4];
    for (std::uint64_t i = 0; i < 4; ++i) alone[i] = run(i);
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 4; ++i) threads.emplace_back([&, i] { together[i] = run(i); });
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(alone[i], together[i]) << id << ' ' << i;
    EXPECT_NE(alone[0], alone[1]) << id;
  }
}

// Lying and thrashing makes the most contacts.
TEST(MujocoSimulation, BuffersHoldAThrashingHumanoid) {
  for (const char* id : {"HumanoidStandup-v5", "Humanoid-v5"}) {
    Player player(id);
    Rng rng(2);
    player.env->reset(rng, player.obs);
    for (int t = 0; t < 1500; ++t) {
      for (double& a : player.action) a = rng.below(2) == 0 ? -0.4 : 0.4;
      ASSERT_NO_THROW(player.env->step(player.action, player.obs)) << id << " step " << t;
    }
  }
}

TEST(MujocoSimulation, PlaysAModelOfOnesOwn) {
  const TempDir dir;
  Player player(make_cart_pole(dir));
  Rng starts(1), actions(2);
  player.env->reset(starts, player.obs);
  player.play(actions, starts, 200);
  EXPECT_EQ(player.env->spec().act_high, std::vector<double>{3.0});
  EXPECT_EQ(player.env->spec().obs_dim, 4);
}

// Reset noise within its scale, around the model's initial state.
TEST(MujocoSimulation, ResetDrawsAroundTheInitialState) {
  Player player(
      make_env("Hopper-v5", {{"reset_noise_scale", 0.25}, {"exclude_current_positions_from_observation", false}}));
  Rng rng(7);
  double low = 1e9, high = -1e9;
  for (int i = 0; i < 200; ++i) {
    player.env->reset(rng, player.obs);
    for (std::size_t j = 0; j < 12; ++j) {
      const double noise = player.obs[j] - (j == 1 ? 1.25 : 0.0);
      low = std::min(low, noise);
      high = std::max(high, noise);
    }
  }
  EXPECT_GE(low, -0.25);
  EXPECT_LT(low, -0.24);
  EXPECT_LT(high, 0.25);
  EXPECT_GT(high, 0.24);
}

}  // namespace
}  // namespace softac

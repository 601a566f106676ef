#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "env/state_bytes.h"
#include "softac/env.h"

namespace softac {
namespace {

std::vector<std::byte> pendulum_state(double theta, double theta_dot) {
  StateWriter out;
  out.put(theta);
  out.put(theta_dot);
  return out.take();
}

std::vector<std::byte> car_state(double position, double velocity, bool is_float) {
  StateWriter out;
  out.put(position);
  out.put(velocity);
  out.put(static_cast<std::uint8_t>(is_float));
  return out.take();
}

TEST(Pendulum, StepFollowsTheEquationOfMotion) {
  for (const double gravity : {10.0, 9.81}) {
    const auto env = make_env("Pendulum-v1", {{"g", gravity}});
    env->load_state(pendulum_state(2.0, -0.5));
    std::vector<double> obs(3);
    const StepResult result = env->step(std::vector{1.5}, obs);
    const double speed = -0.5 + (1.5 * gravity * std::sin(2.0) + 3.0 * 1.5) * 0.05;
    const double theta = 2.0 + speed * 0.05;
    EXPECT_NEAR(result.reward, -(4.0 + 0.1 * 0.25 + 0.001 * 2.25), 1e-14);
    EXPECT_EQ(obs[0], static_cast<double>(static_cast<float>(std::cos(theta))));
    EXPECT_EQ(obs[1], static_cast<double>(static_cast<float>(std::sin(theta))));
    EXPECT_NEAR(obs[2], speed, 1e-6);
    EXPECT_FALSE(result.terminated || result.truncated);
  }
}

TEST(Pendulum, RewardWrapsTheAngleAndClipsTheTorque) {
  const auto env = make_env("Pendulum-v1");
  std::vector<double> obs(3);
  env->load_state(pendulum_state(5.0 * std::numbers::pi - 0.25, 0.0));
  const double angle = std::numbers::pi - 0.25;
  EXPECT_NEAR(env->step(std::vector{100.0}, obs).reward, -(angle * angle + 0.001 * 4.0), 1e-12);
  env->load_state(pendulum_state(-3.0 * std::numbers::pi + 0.25, 0.0));
  EXPECT_NEAR(env->step(std::vector{-100.0}, obs).reward, -(angle * angle + 0.001 * 4.0), 1e-12);
}

TEST(Pendulum, SpeedIsLimited) {
  const auto env = make_env("Pendulum-v1");
  std::vector<double> obs(3);
  env->load_state(pendulum_state(std::numbers::pi / 2.0, 7.9));
  env->step(std::vector{2.0}, obs);
  EXPECT_EQ(obs[2], 8.0);
}

TEST(Pendulum, RefusesUnfitArgumentsAndStates) {
  EXPECT_THROW(make_env("Pendulum-v1", {{"g", std::nan("")}}), ConfigError);
  const auto env = make_env("Pendulum-v1");
  EXPECT_THROW(env->load_state(std::vector<std::byte>(15)), IoError);
  EXPECT_THROW(env->load_state(std::vector<std::byte>(17)), IoError);
}

TEST(MountainCar, ReachesTheGoal) {
  const auto env = make_env("MountainCarContinuous-v0");
  std::vector<double> obs(2);
  env->load_state(car_state(0.44, 0.03, true));
  const StepResult result = env->step(std::vector{1.0}, obs);
  EXPECT_TRUE(result.terminated);
  EXPECT_DOUBLE_EQ(result.reward, 100.0 - 0.1);
  const auto faster = make_env("MountainCarContinuous-v0", {{"goal_velocity", 0.05}});
  faster->load_state(car_state(0.44, 0.03, true));
  EXPECT_FALSE(faster->step(std::vector{1.0}, obs).terminated) << "too slow for this goal";
}

TEST(MountainCar, StopsAtTheLeftWall) {
  const auto env = make_env("MountainCarContinuous-v0");
  std::vector<double> obs(2);
  env->load_state(car_state(-1.19, -0.05, true));
  env->step(std::vector{-1.0}, obs);
  EXPECT_EQ(obs[0], static_cast<double>(-1.2f));
  EXPECT_EQ(obs[1], 0.0);
}

TEST(MountainCar, FirstStepIsInDoubleLaterOnesInFloat) {
  const auto env = make_env("MountainCarContinuous-v0");
  std::vector<double> from_double(2), from_float(2);
  // A position that float32 cannot hold: the two kinds of state lead to different speeds before rounding; the force
  // beyond the bound makes NumPy compute the speed in float32 where the state is float32.
  bool differ = false;
  for (int i = 0; i < 200; ++i) {
    const double position = -0.6 + 0.001 * i, velocity = 0.0123456789 + 1e-5 * i;
    const double position_f = static_cast<float>(position), velocity_f = static_cast<float>(velocity);
    env->load_state(car_state(position_f, velocity_f, false));
    env->step(std::vector{1.5}, from_double);
    env->load_state(car_state(position_f, velocity_f, true));
    env->step(std::vector{1.5}, from_float);
    EXPECT_NEAR(from_double[1], from_float[1], 1e-8);
    differ = differ || from_double[0] != from_float[0] || from_double[1] != from_float[1];
  }
  EXPECT_TRUE(differ);
}

TEST(MountainCar, CostCountsTheUnclippedAction) {
  const auto env = make_env("MountainCarContinuous-v0");
  std::vector<double> obs(2);
  env->load_state(car_state(-0.5, 0.0, true));
  EXPECT_DOUBLE_EQ(env->step(std::vector{3.0}, obs).reward, -0.9);
}

TEST(MountainCar, DiscreteCarIsPushedAndStopped) {
  const auto env = make_env("MountainCar-v0");
  EXPECT_EQ(env->spec().num_actions, 3);
  EXPECT_EQ(env->spec().max_episode_steps, 200);
  std::vector<double> obs(2);
  for (const int action : {0, 1, 2}) {
    env->load_state(bytes_of(std::array{-0.5, 0.01}));
    const StepResult result = env->step(std::vector{static_cast<double>(action)}, obs);
    EXPECT_EQ(result.reward, -1.0);
    EXPECT_FALSE(result.terminated);
    EXPECT_NEAR(obs[1], 0.01 + 0.001 * (action - 1) - 0.0025 * std::cos(-1.5), 1e-9) << action;
    EXPECT_NEAR(obs[0], -0.5 + obs[1], 1e-7) << action;
  }
  env->load_state(bytes_of(std::array{-1.19, -0.05}));
  env->step(std::vector{0.0}, obs);
  EXPECT_EQ(obs[0], static_cast<double>(-1.2f));
  EXPECT_EQ(obs[1], 0.0);
}

TEST(MountainCar, DiscreteCarEndsAtTheGoal) {
  std::vector<double> obs(2);
  for (const double goal_velocity : {0.0, 0.05}) {
    const auto env = make_env("MountainCar-v0", {{"goal_velocity", goal_velocity}});
    env->load_state(bytes_of(std::array{0.49, 0.03}));
    const StepResult result = env->step(std::vector{2.0}, obs);
    EXPECT_EQ(result.terminated, goal_velocity == 0.0);
    EXPECT_EQ(result.reward, -1.0);
  }
}

}  // namespace
}  // namespace softac

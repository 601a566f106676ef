// MountainCar-v0: an underpowered car, pushed left, not at all or right, must rock out of a valley (Gymnasium 1.x,
// classic_control/mountain_car.py; Moore 1990).
//
//   v ← v + 0.001·(a − 1) − 0.0025·cos(3x),  x ← x + v,  reward = −1
//
// In double, in Gymnasium's order; observations are rounded to float32.
#include <algorithm>
#include <array>
#include <cmath>

#include "env/classic.h"
#include "env/discrete.h"
#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "MountainCar-v0";
constexpr const char* kDescription = "Drive an underpowered car out of a valley by full pushes";
constexpr int kMaxEpisodeSteps = 200;
constexpr double kRewardThreshold = -110.0;
constexpr double kMinPosition = -1.2;
constexpr double kMaxPosition = 0.6;
constexpr double kMaxSpeed = 0.07;
constexpr double kGoalPosition = 0.5;
constexpr double kForce = 0.001;
constexpr double kGravity = 0.0025;

class MountainCar final : public Env {
 public:
  explicit MountainCar(double goal_velocity) : goal_velocity_(goal_velocity) {
    spec_.id = kId;
    spec_.obs_dim = 2;
    spec_.obs_low = {round_to_float(kMinPosition), round_to_float(-kMaxSpeed)};
    spec_.obs_high = {round_to_float(kMaxPosition), round_to_float(kMaxSpeed)};
    set_discrete_actions(spec_, 3);
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.reward_threshold = kRewardThreshold;
    spec_.description = kDescription;
    spec_.obs_names = {"position", "velocity"};
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    state_ = {rng.uniform(-0.6, -0.4), 0.0};
    write_obs(obs);
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    auto& [position, velocity] = state_;
    velocity += (discrete_action(action, 3) - 1) * kForce + std::cos(3 * position) * -kGravity;
    velocity = std::clamp(velocity, -kMaxSpeed, kMaxSpeed);
    position = std::clamp(position + velocity, kMinPosition, kMaxPosition);
    if (position == kMinPosition && velocity < 0.0) velocity = 0.0;
    write_obs(obs);
    return {-1.0, position >= kGoalPosition && velocity >= goal_velocity_, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override { return bytes_of(state_); }
  void load_state(std::span<const std::byte> state) override { state_ = numbers_of<2>(state, spec_.id); }

 private:
  void write_obs(std::span<double> obs) const {
    for (std::size_t i = 0; i < 2; ++i) obs[i] = round_to_float(state_[i]);
  }

  EnvSpec spec_;
  double goal_velocity_;
  std::array<double, 2> state_{};  // position and velocity
};

}  // namespace

EnvEntry mountain_car_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "classic";
  info.max_episode_steps = kMaxEpisodeSteps;
  info.reward_threshold = kRewardThreshold;
  info.arguments = {{"goal_velocity", 0.0, "least speed at the goal that ends the episode"}};
  return {info, [](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
            return std::make_unique<MountainCar>(number_kwarg(kwargs, "goal_velocity"));
          }};
}

}  // namespace softac

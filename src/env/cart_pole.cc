// CartPole-v1: keep a pole upright on a cart that is pushed left or right (Gymnasium 1.x, classic_control/cartpole.py;
// Barto, Sutton and Anderson 1983). Euler steps of 0.02 s in Gymnasium's order in double; observations are rounded to
// float32.
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "env/classic.h"
#include "env/discrete.h"
#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "CartPole-v1";
constexpr const char* kDescription = "Balance a pole on a cart by pushes to the left or right";
constexpr int kMaxEpisodeSteps = 500;
constexpr double kRewardThreshold = 475.0;
constexpr double kGravity = 9.8;
constexpr double kMassPole = 0.1;
constexpr double kTotalMass = kMassPole + 1.0;
constexpr double kLength = 0.5;  // half the pole's
constexpr double kPoleMassLength = kMassPole * kLength;
constexpr double kForce = 10.0;
constexpr double kDtSec = 0.02;
constexpr double kMaxAngle = 12 * 2 * std::numbers::pi / 360;
constexpr double kMaxPosition = 2.4;

class CartPole final : public Env {
 public:
  explicit CartPole(bool sutton_barto_reward) : sutton_barto_reward_(sutton_barto_reward) {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    spec_.id = kId;
    spec_.obs_dim = 4;
    spec_.obs_high = {round_to_float(2 * kMaxPosition), kInf, round_to_float(2 * kMaxAngle), kInf};
    for (const double high : spec_.obs_high) spec_.obs_low.push_back(-high);
    set_discrete_actions(spec_, 2);
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.reward_threshold = kRewardThreshold;
    spec_.description = kDescription;
    spec_.dt = kDtSec;
    spec_.obs_names = {"position", "velocity", "angle", "angular velocity"};
    spec_.obs_units = {"m", "m/s", "rad", "rad/s"};
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    for (double& x : state_) x = rng.uniform(-0.05, 0.05);
    write_obs(obs);
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    auto& [x, x_dot, theta, theta_dot] = state_;
    const double force = discrete_action(action, 2) == 1 ? kForce : -kForce;
    const double cosine = std::cos(theta), sine = std::sin(theta);
    const double temp = (force + kPoleMassLength * (theta_dot * theta_dot) * sine) / kTotalMass;
    const double theta_acc =
        (kGravity * sine - cosine * temp) / (kLength * (4.0 / 3.0 - kMassPole * (cosine * cosine) / kTotalMass));
    const double x_acc = temp - kPoleMassLength * theta_acc * cosine / kTotalMass;
    x = x + kDtSec * x_dot;
    x_dot = x_dot + kDtSec * x_acc;
    theta = theta + kDtSec * theta_dot;
    theta_dot = theta_dot + kDtSec * theta_acc;
    write_obs(obs);
    const bool falls = x < -kMaxPosition || x > kMaxPosition || theta < -kMaxAngle || theta > kMaxAngle;
    return {sutton_barto_reward_ ? (falls ? -1.0 : 0.0) : 1.0, falls, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override { return bytes_of(state_); }
  void load_state(std::span<const std::byte> state) override { state_ = numbers_of<4>(state, spec_.id); }

 private:
  void write_obs(std::span<double> obs) const {
    for (std::size_t i = 0; i < state_.size(); ++i) obs[i] = round_to_float(state_[i]);
  }

  EnvSpec spec_;
  bool sutton_barto_reward_;
  std::array<double, 4> state_{};  // position m, speed m/s, angle from upright rad, rad/s
};

}  // namespace

EnvEntry cart_pole_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "classic";
  info.max_episode_steps = kMaxEpisodeSteps;
  info.reward_threshold = kRewardThreshold;
  info.arguments = {{"sutton_barto_reward", false, "0 per step and −1 at the fall, in place of 1 per step"}};
  return {info, [](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
            return std::make_unique<CartPole>(bool_kwarg(kwargs, "sutton_barto_reward"));
          }};
}

}  // namespace softac

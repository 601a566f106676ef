// Acrobot-v1: swing the end of a two-link pendulum above a line by torques at the joint between the links
// (Gymnasium 1.x, classic_control/acrobot.py; Sutton 1996, dynamics of Sutton and Barto's book). Runge–Kutta steps of
// 0.2 s in Gymnasium's order in double; observations are rounded to float32.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "env/classic.h"
#include "env/discrete.h"
#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "Acrobot-v1";
constexpr const char* kDescription = "Swing a two-link pendulum up by torques at its middle joint";
constexpr int kMaxEpisodeSteps = 500;
constexpr double kRewardThreshold = -100.0;
constexpr double kPi = std::numbers::pi;
constexpr double kDtSec = 0.2;
constexpr double kMass1 = 1.0, kMass2 = 1.0, kLength1 = 1.0;
constexpr double kCenter1 = 0.5, kCenter2 = 0.5;  // of mass, along the links
constexpr double kInertia = 1.0;                  // of either link
constexpr double kGravity = 9.8;
constexpr double kMaxSpeed1 = 4 * kPi, kMaxSpeed2 = 9 * kPi;

using Vector = std::array<double, 4>;  // θ1 (0 = hanging), θ2 relative to the first link, and their rates

Vector derivatives(const Vector& s, double torque) {
  const auto [theta1, theta2, rate1, rate2] = s;
  const double cosine2 = std::cos(theta2), sine2 = std::sin(theta2);
  constexpr double kSquare1 = kCenter1 * kCenter1, kSquare2 = kCenter2 * kCenter2;
  const double d1 = kMass1 * kSquare1 + kMass2 * (kLength1 * kLength1 + kSquare2 + 2 * kLength1 * kCenter2 * cosine2) +
                    kInertia + kInertia;
  const double d2 = kMass2 * (kSquare2 + kLength1 * kCenter2 * cosine2) + kInertia;
  const double phi2 = kMass2 * kCenter2 * kGravity * std::cos(theta1 + theta2 - kPi / 2.0);
  const double phi1 = -kMass2 * kLength1 * kCenter2 * square(rate2) * sine2 -
                      2 * kMass2 * kLength1 * kCenter2 * rate2 * rate1 * sine2 +
                      (kMass1 * kCenter1 + kMass2 * kLength1) * kGravity * std::cos(theta1 - kPi / 2) + phi2;
  const double acc2 = (torque + d2 / d1 * phi1 - kMass2 * kLength1 * kCenter2 * square(rate1) * sine2 - phi2) /
                      (kMass2 * kSquare2 + kInertia - square(d2) / d1);
  const double acc1 = -(d2 * acc2 + phi1) / d1;
  return {rate1, rate2, acc1, acc2};
}

double wrap(double x) {
  while (x > kPi) x = x - 2 * kPi;
  while (x < -kPi) x = x + 2 * kPi;
  return x;
}

class Acrobot final : public Env {
 public:
  Acrobot() {
    spec_.id = kId;
    spec_.obs_dim = 6;
    spec_.obs_high = {1.0, 1.0, 1.0, 1.0, round_to_float(kMaxSpeed1), round_to_float(kMaxSpeed2)};
    for (const double high : spec_.obs_high) spec_.obs_low.push_back(-high);
    set_discrete_actions(spec_, 3);
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.reward_threshold = kRewardThreshold;
    spec_.description = kDescription;
    spec_.dt = kDtSec;
    spec_.obs_names = {"cos angle 1", "sin angle 1", "cos angle 2", "sin angle 2", "velocity 1", "velocity 2"};
    spec_.obs_units = {"1", "1", "1", "1", "rad/s", "rad/s"};
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    for (double& x : state_) x = round_to_float(rng.uniform(-0.1, 0.1));
    write_obs(obs);
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    const double torque = discrete_action(action, 3) - 1.0;
    const Vector start = state_;
    const auto beyond = [&](double dt, const Vector& k) {
      Vector y;
      for (std::size_t i = 0; i < 4; ++i) y[i] = start[i] + dt * k[i];
      return y;
    };
    const Vector k1 = derivatives(start, torque);
    const Vector k2 = derivatives(beyond(kDtSec / 2.0, k1), torque);
    const Vector k3 = derivatives(beyond(kDtSec / 2.0, k2), torque);
    const Vector k4 = derivatives(beyond(kDtSec, k3), torque);
    for (std::size_t i = 0; i < 4; ++i) state_[i] = start[i] + kDtSec / 6.0 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    state_[0] = wrap(state_[0]);
    state_[1] = wrap(state_[1]);
    state_[2] = std::clamp(state_[2], -kMaxSpeed1, kMaxSpeed1);
    state_[3] = std::clamp(state_[3], -kMaxSpeed2, kMaxSpeed2);
    write_obs(obs);
    const bool up = -std::cos(state_[0]) - std::cos(state_[1] + state_[0]) > 1.0;
    return {up ? 0.0 : -1.0, up, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override { return bytes_of(state_); }
  void load_state(std::span<const std::byte> state) override { state_ = numbers_of<4>(state, spec_.id); }

 private:
  void write_obs(std::span<double> obs) const {
    const double values[] = {std::cos(state_[0]), std::sin(state_[0]), std::cos(state_[1]),
                             std::sin(state_[1]), state_[2],           state_[3]};
    for (std::size_t i = 0; i < 6; ++i) obs[i] = round_to_float(values[i]);
  }

  EnvSpec spec_;
  Vector state_{};
};

}  // namespace

EnvEntry acrobot_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "classic";
  info.max_episode_steps = kMaxEpisodeSteps;
  info.reward_threshold = kRewardThreshold;
  return {info, [](const EnvKwargs&) -> std::unique_ptr<Env> { return std::make_unique<Acrobot>(); }};
}

}  // namespace softac

// CartPole-v0: balance a pole on a cart that a bounded force pushes along a track (Barto, Sutton and Anderson, IEEE
// Transactions on Systems, Man and Cybernetics 13, 1983; without friction).
//
// Observation (4): cart position x (m), speed (m/s), pole angle θ from upright (rad), its speed (rad/s).
// Action (1): force in N, −10 … 10. Reward 1 per step; terminated when the pole falls or the cart leaves the track.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "softac/env.h"

class CartPole final : public softac::Env {
 public:
  explicit CartPole(double half_length) : half_length_(half_length) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    spec_.id = "CartPole-v0";
    spec_.obs_dim = 4;
    spec_.act_dim = 1;
    spec_.obs_low.assign(4, -kInfinity);
    spec_.obs_high.assign(4, kInfinity);
    spec_.act_low = {-10.0};
    spec_.act_high = {10.0};
    spec_.max_episode_steps = 200;
    spec_.description = "Balance a pole on a cart";
  }

  // The table's entry: what the environment is called and which arguments it takes.
  static softac::EnvInfo info() {
    softac::EnvInfo info;
    info.id = "CartPole-v0";
    info.description = "Balance a pole on a cart";
    info.family = "example";
    info.arguments = {{"half_length", 0.5, "from the joint to the pole's centre, m"}};
    return info;
  }
  static std::unique_ptr<softac::Env> make(const softac::EnvKwargs& kwargs) {
    const double half_length = std::get<double>(kwargs.at("half_length"));  // name and type are checked already
    if (!(half_length > 0.0)) throw softac::ConfigError("CartPole-v0: half_length must be positive");
    return std::make_unique<CartPole>(half_length);
  }

  const softac::EnvSpec& spec() const override { return spec_; }

  void reset(softac::Rng& rng, std::span<double> obs) override {
    for (double& s : state_) s = rng.uniform(-0.05, 0.05);
    write(obs);
  }

  softac::StepResult step(std::span<const double> action, std::span<double> obs) override {
    constexpr double kGravity = 9.8, kCartMass = 1.0, kPoleMass = 0.1, kDtSec = 0.02;
    auto& [x, speed, theta, theta_dot] = state_;
    const double total_mass = kCartMass + kPoleMass;
    const double push = (action[0] + kPoleMass * half_length_ * theta_dot * theta_dot * std::sin(theta)) / total_mass;
    const double theta_acceleration =
        (kGravity * std::sin(theta) - std::cos(theta) * push) /
        (half_length_ * (4.0 / 3.0 - kPoleMass * std::cos(theta) * std::cos(theta) / total_mass));
    const double acceleration = push - kPoleMass * half_length_ * theta_acceleration * std::cos(theta) / total_mass;
    x += kDtSec * speed;
    speed += kDtSec * acceleration;
    theta += kDtSec * theta_dot;
    theta_dot += kDtSec * theta_acceleration;
    write(obs);
    const bool fallen = std::fabs(x) > 2.4 || std::fabs(theta) > 0.2095;
    return {.reward = 1.0, .terminated = fallen, .truncated = false};
  }

  // With these a resumed run continues to the bit; without them it starts new episodes.
  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    std::vector<std::byte> bytes(sizeof state_);
    std::memcpy(bytes.data(), state_.data(), sizeof state_);
    return bytes;
  }
  void load_state(std::span<const std::byte> bytes) override {
    if (bytes.size() != sizeof state_) throw softac::IoError("CartPole-v0: a state of the wrong size");
    std::memcpy(state_.data(), bytes.data(), sizeof state_);
  }

 private:
  void write(std::span<double> obs) const {
    for (std::size_t i = 0; i < state_.size(); ++i) obs[i] = state_[i];
  }

  softac::EnvSpec spec_;
  double half_length_;
  std::array<double, 4> state_{};  // x, speed, θ, speed of θ
};

// Pendulum-v1: swing up a rigid pendulum by a bounded torque (Gymnasium 1.x, classic_control/pendulum.py).
//
//   θ̈ = 3g/(2l)·sin θ + 3/(m·l²)·u,   reward = −(θ² + 0.1·θ̇² + 0.001·u²) of the state before the step, θ wrapped to
//   [−π, π)
//
// Arithmetic in Gymnasium's order in double; observations are rounded to float32.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "env/classic.h"
#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "Pendulum-v1";
constexpr const char* kDescription = "Swing a pendulum up and hold it upright";
constexpr int kMaxEpisodeSteps = 200;
constexpr double kMaxSpeed = 8.0;
constexpr double kMaxTorque = 2.0;
constexpr double kDtSec = 0.05;
constexpr double kMass = 1.0;
constexpr double kLength = 1.0;
constexpr double kPi = std::numbers::pi;

// Python's x mod y for y > 0: in [0, y).
double modulo(double x, double y) {
  const double rest = std::fmod(x, y);
  if (rest == 0.0) return 0.0;
  return rest < 0.0 ? rest + y : rest;
}

double wrap_angle(double x) {
  return modulo(x + kPi, 2.0 * kPi) - kPi;
}

class Pendulum final : public Env {
 public:
  explicit Pendulum(double gravity) : gravity_(gravity) {
    spec_.id = kId;
    spec_.obs_dim = 3;
    spec_.act_dim = 1;
    spec_.obs_low = {-1.0, -1.0, -kMaxSpeed};
    spec_.obs_high = {1.0, 1.0, kMaxSpeed};
    spec_.act_low = {-kMaxTorque};
    spec_.act_high = {kMaxTorque};
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.description = kDescription;
    spec_.dt = kDtSec;
    spec_.obs_names = {"cos angle", "sin angle", "angular velocity"};
    spec_.obs_units = {"1", "1", "rad/s"};
    spec_.act_names = {"torque"};
    spec_.act_units = {"N m"};
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    theta_ = rng.uniform(-kPi, kPi);
    theta_dot_ = rng.uniform(-1.0, 1.0);
    write_obs(obs);
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    const double u = std::clamp(action[0], -kMaxTorque, kMaxTorque);
    const double cost = square(wrap_angle(theta_)) + 0.1 * square(theta_dot_) + 0.001 * square(u);
    const double acceleration =
        3.0 * gravity_ / (2.0 * kLength) * std::sin(theta_) + 3.0 / (kMass * kLength * kLength) * u;
    theta_dot_ = std::clamp(theta_dot_ + acceleration * kDtSec, -kMaxSpeed, kMaxSpeed);
    theta_ += theta_dot_ * kDtSec;
    write_obs(obs);
    return {-cost, false, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    StateWriter out;
    out.put(theta_);
    out.put(theta_dot_);
    return out.take();
  }
  void load_state(std::span<const std::byte> state) override {
    StateReader in(state, spec_.id);
    const auto theta = in.get<double>(), theta_dot = in.get<double>();
    in.finish();
    theta_ = theta;
    theta_dot_ = theta_dot;
  }

 private:
  void write_obs(std::span<double> obs) const {
    obs[0] = round_to_float(std::cos(theta_));
    obs[1] = round_to_float(std::sin(theta_));
    obs[2] = round_to_float(theta_dot_);
  }

  EnvSpec spec_;
  double gravity_;
  double theta_ = 0.0;      // angle from upright, rad, not wrapped
  double theta_dot_ = 0.0;  // rad/s
};

}  // namespace

EnvEntry pendulum_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "classic";
  info.max_episode_steps = kMaxEpisodeSteps;
  info.arguments = {{"g", 10.0, "gravity, m/s²"}};
  return {info, [](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
            const double gravity = number_kwarg(kwargs, "g");
            if (!std::isfinite(gravity))
              throw ConfigError("Pendulum-v1: argument 'g' must be finite, found " + to_text(gravity));
            return std::make_unique<Pendulum>(gravity);
          }};
}

}  // namespace softac

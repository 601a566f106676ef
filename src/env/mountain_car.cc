// MountainCarContinuous-v0: an underpowered car must rock out of a valley (Gymnasium 1.x,
// classic_control/continuous_mountain_car.py).
//
//   v ← v + 0.0015·u − 0.0025·cos(3x),  x ← x + v,  reward = (100 at the goal) − 0.1·u²
//
// The state is float32 after every step, and Gymnasium computes with it under NumPy ≥ 2's promotion rules, which this
// file follows to the bit for float64 actions: float32 with a Python float stays float32, with a float64 becomes
// float64.
#include <cmath>

#include "env/classic.h"
#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "MountainCarContinuous-v0";
constexpr const char* kDescription = "Drive an underpowered car out of a valley";
constexpr int kMaxEpisodeSteps = 999;
constexpr double kRewardThreshold = 90.0;
constexpr double kMinPosition = -1.2;
constexpr double kMaxPosition = 0.6;
constexpr double kMaxSpeed = 0.07;
constexpr double kGoalPosition = 0.45;
constexpr double kPower = 0.0015;
constexpr double kGravity = 0.0025;

// A scalar as Python sees it: a NumPy float32, a NumPy float64, or a Python float, which takes the other operand's
// type.
struct Scalar {
  enum class Type { python, float32, float64 };
  double value;
  Type type;

  friend Type common_type(Scalar a, Scalar b) {
    if (a.type == Type::float64 || b.type == Type::float64) return Type::float64;
    return a.type == Type::float32 || b.type == Type::float32 ? Type::float32 : Type::python;
  }
  // The value after conversion to type.
  double as(Type to) const { return to == Type::float32 ? round_to_float(value) : value; }

  friend Scalar operator+(Scalar a, Scalar b) {
    const Type common = common_type(a, b);
    const double sum = a.as(common) + b.as(common);
    // The double sum of two floats, rounded to float, is their float sum.
    return {common == Type::float32 ? round_to_float(sum) : sum, common};
  }
  friend bool operator<(Scalar a, Scalar b) { return a.as(common_type(a, b)) < b.as(common_type(a, b)); }
  friend bool operator>=(Scalar a, Scalar b) { return a.as(common_type(a, b)) >= b.as(common_type(a, b)); }
  friend bool operator==(Scalar a, Scalar b) { return a.as(common_type(a, b)) == b.as(common_type(a, b)); }
};
constexpr Scalar python(double value) {
  return {value, Scalar::Type::python};
}

class MountainCarContinuous final : public Env {
 public:
  explicit MountainCarContinuous(double goal_velocity) : goal_velocity_(goal_velocity) {
    spec_.id = kId;
    spec_.obs_dim = 2;
    spec_.act_dim = 1;
    spec_.obs_low = {round_to_float(kMinPosition), round_to_float(-kMaxSpeed)};
    spec_.obs_high = {round_to_float(kMaxPosition), round_to_float(kMaxSpeed)};
    spec_.act_low = {-1.0};
    spec_.act_high = {1.0};
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.reward_threshold = kRewardThreshold;
    spec_.description = kDescription;
    spec_.obs_names = {"position", "velocity"};
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    position_ = {rng.uniform(-0.6, -0.4), Scalar::Type::float64};
    velocity_ = {0.0, Scalar::Type::float64};
    obs[0] = round_to_float(position_.value);
    obs[1] = round_to_float(velocity_.value);
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    Scalar force = {action[0], Scalar::Type::float64};
    if (action[0] < -1.0) force = python(-1.0);
    if (action[0] > 1.0) force = python(1.0);
    const double three_position =
        position_.type == Scalar::Type::float32 ? round_to_float(3.0 * position_.value) : 3.0 * position_.value;
    const Scalar change = {force.value * kPower - kGravity * std::cos(three_position), force.type};

    Scalar velocity = velocity_ + change;
    if (python(kMaxSpeed) < velocity) velocity = python(kMaxSpeed);
    if (velocity < python(-kMaxSpeed)) velocity = python(-kMaxSpeed);
    Scalar position = position_ + velocity;
    if (python(kMaxPosition) < position) position = python(kMaxPosition);
    if (position < python(kMinPosition)) position = python(kMinPosition);
    if (position == python(kMinPosition) && velocity < python(0.0)) velocity = python(0.0);

    const bool at_goal = position >= python(kGoalPosition) && velocity >= python(goal_velocity_);
    const double reward = (at_goal ? 100.0 : 0.0) - square(action[0]) * 0.1;

    position_ = {round_to_float(position.value), Scalar::Type::float32};
    velocity_ = {round_to_float(velocity.value), Scalar::Type::float32};
    obs[0] = position_.value;
    obs[1] = velocity_.value;
    return {reward, at_goal, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    StateWriter out;
    out.put(position_.value);
    out.put(velocity_.value);
    out.put(static_cast<std::uint8_t>(position_.type == Scalar::Type::float32));
    return out.take();
  }
  void load_state(std::span<const std::byte> state) override {
    StateReader in(state, spec_.id);
    const auto position = in.get<double>(), velocity = in.get<double>();
    const auto type = in.get<std::uint8_t>() != 0 ? Scalar::Type::float32 : Scalar::Type::float64;
    in.finish();
    position_ = {position, type};
    velocity_ = {velocity, type};
  }

 private:
  EnvSpec spec_;
  double goal_velocity_;
  Scalar position_ = {0.0, Scalar::Type::float64};
  Scalar velocity_ = {0.0, Scalar::Type::float64};
};

}  // namespace

EnvEntry mountain_car_continuous_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "classic";
  info.max_episode_steps = kMaxEpisodeSteps;
  info.reward_threshold = kRewardThreshold;
  info.arguments = {{"goal_velocity", 0.0, "least speed at the goal that ends the episode"}};
  return {info, [](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
            const double goal_velocity = number_kwarg(kwargs, "goal_velocity");
            if (std::isnan(goal_velocity))
              throw ConfigError("MountainCarContinuous-v0: argument 'goal_velocity' is nan");
            return std::make_unique<MountainCarContinuous>(goal_velocity);
          }};
}

}  // namespace softac

// TwoWay-v0, softac's own: a point in the plane, a disc in its way, and two equally good goals, left and right behind
// it.
//
//   p ← p + 0.2·a inside the square [−1, 1]²; a step into the disc is not taken.
//   reward = −0.15 a step, −0.5 for a step into the disc, 5 at a goal, where the episode ends.
//
// The start is (0, −0.6 ± 0.05), close before the disc: the task and the start are their own mirror images, and the way
// straight ahead is barred.
#include <algorithm>
#include <array>
#include <cmath>

#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "TwoWay-v0";
constexpr const char* kDescription = "Steer a point around a disc to one of two equally good goals";
constexpr int kMaxEpisodeSteps = 50;
constexpr double kStep = 0.2;
constexpr double kStartY = -0.6;
constexpr double kStartNoise = 0.05;
constexpr double kDiscRadius = 0.5;  // about the origin
constexpr double kGoalX = 0.7;       // and −0.7
constexpr double kGoalY = 0.5;
constexpr double kGoalRadius = 0.25;
constexpr double kStepCost = 0.15;
constexpr double kDiscCost = 0.5;
constexpr double kGoalReward = 5.0;

class TwoWay final : public Env {
 public:
  TwoWay() {
    spec_.id = kId;
    spec_.obs_dim = 2;
    spec_.act_dim = 2;
    spec_.obs_low = spec_.act_low = {-1.0, -1.0};
    spec_.obs_high = spec_.act_high = {1.0, 1.0};
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.description = kDescription;
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    position_ = {0.0, kStartY + rng.uniform(-kStartNoise, kStartNoise)};
    std::copy(position_.begin(), position_.end(), obs.begin());
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    std::array<double, 2> next;
    for (std::size_t k = 0; k < 2; ++k)
      next[k] = std::clamp(position_[k] + kStep * std::clamp(action[k], -1.0, 1.0), -1.0, 1.0);
    const bool blocked = next[0] * next[0] + next[1] * next[1] < kDiscRadius * kDiscRadius;
    if (!blocked) position_ = next;
    std::copy(position_.begin(), position_.end(), obs.begin());
    const double dx = std::fabs(position_[0]) - kGoalX, dy = position_[1] - kGoalY;
    const bool arrived = dx * dx + dy * dy < kGoalRadius * kGoalRadius;
    return {(arrived ? kGoalReward : 0.0) - kStepCost - (blocked ? kDiscCost : 0.0), arrived, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override { return bytes_of(position_); }
  void load_state(std::span<const std::byte> state) override { position_ = numbers_of<2>(state, spec_.id); }

 private:
  EnvSpec spec_;
  std::array<double, 2> position_ = {0.0, kStartY};
};

}  // namespace

EnvEntry two_way_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "softac";
  info.max_episode_steps = kMaxEpisodeSteps;
  return {info, [](const EnvKwargs&) -> std::unique_ptr<Env> { return std::make_unique<TwoWay>(); }};
}

}  // namespace softac

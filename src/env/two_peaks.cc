// TwoPeaks-v0, softac's own: a bandit with two equally good actions and nothing in between.
//
//   r(a) = exp(−|a − c|²/(2 w²)) + exp(−|a + c|²/(2 w²)),  c = (0.6, …, 0.6), w = 0.15; every episode is one step.
//
// The state is one: a start is seen as A numbers within 0.01 of 0, the end as the action taken.
#include <algorithm>
#include <cmath>

#include "env/kwargs.h"
#include "env/registry.h"
#include "env/state_bytes.h"

namespace softac {

namespace {

constexpr const char* kId = "TwoPeaks-v0";
constexpr const char* kDescription = "One step: find both of two equally good actions";
constexpr int kMaxEpisodeSteps = 1;
constexpr double kPeak = 0.6;
constexpr double kWidth = 0.15;
constexpr double kStartNoise = 0.01;

class TwoPeaks final : public Env {
 public:
  explicit TwoPeaks(int dimensions) : seen_(dimensions, 0.0) {
    spec_.id = kId;
    spec_.obs_dim = spec_.act_dim = dimensions;
    spec_.obs_low.assign(seen_.size(), -1.0);
    spec_.obs_high.assign(seen_.size(), 1.0);
    spec_.act_low = spec_.obs_low;
    spec_.act_high = spec_.obs_high;
    spec_.max_episode_steps = kMaxEpisodeSteps;
    spec_.description = kDescription;
  }

  const EnvSpec& spec() const override { return spec_; }

  void reset(Rng& rng, std::span<double> obs) override {
    for (double& x : seen_) x = rng.uniform(-kStartNoise, kStartNoise);
    std::copy(seen_.begin(), seen_.end(), obs.begin());
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    double to_first = 0.0, to_second = 0.0;
    for (std::size_t k = 0; k < seen_.size(); ++k) {
      seen_[k] = std::clamp(action[k], -1.0, 1.0);
      to_first += (seen_[k] - kPeak) * (seen_[k] - kPeak);
      to_second += (seen_[k] + kPeak) * (seen_[k] + kPeak);
    }
    std::copy(seen_.begin(), seen_.end(), obs.begin());
    constexpr double kScale = -0.5 / (kWidth * kWidth);
    return {std::exp(kScale * to_first) + std::exp(kScale * to_second), true, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    StateWriter out;
    out.put_array(std::span<const double>(seen_));
    return out.take();
  }
  void load_state(std::span<const std::byte> state) override {
    std::vector<double> seen(seen_.size());
    StateReader in(state, spec_.id);
    in.get_array(std::span<double>(seen));
    in.finish();
    seen_ = seen;
  }

 private:
  EnvSpec spec_;
  std::vector<double> seen_;  // (A) last observation
};

}  // namespace

EnvEntry two_peaks_entry() {
  EnvInfo info;
  info.id = kId;
  info.description = kDescription;
  info.family = "softac";
  info.max_episode_steps = kMaxEpisodeSteps;
  info.arguments = {{"dimensions", 1.0, "size of the action"}};
  return {info, [](const EnvKwargs& kwargs) -> std::unique_ptr<Env> {
            const double dimensions = number_kwarg(kwargs, "dimensions");
            if (!(dimensions >= 1.0 && dimensions <= 100.0) || dimensions != std::floor(dimensions))
              throw ConfigError("TwoPeaks-v0: argument 'dimensions' must be a whole number from 1 to 100, found " +
                                to_text(dimensions));
            return std::make_unique<TwoPeaks>(static_cast<int>(dimensions));
          }};
}

}  // namespace softac

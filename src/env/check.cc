#include "env/check.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "env/kwargs.h"

namespace softac {

namespace {

// A NaN that no computation yields: marks entries that the environment has not written.
const double kUnwritten = std::bit_cast<double>(std::uint64_t{0x7ff8dead0000beef});
bool is_unwritten(double x) {
  return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(kUnwritten);
}

constexpr double kLargeValue = 1e3;  // observations beyond it are worth a warning
constexpr int kMaxFindingsPerCheck = 5;

// Everything that a fixed seed and fixed actions yield, in order.
using Trajectory = std::vector<double>;

bool same_bits(const Trajectory& a, const Trajectory& b) {
  return std::ranges::equal(
      a, b, [](double x, double y) { return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y); });
}

// Uniform within the bounds; every eighth action has all entries at one bound.
void draw_action(const EnvSpec& spec, Rng& rng, std::vector<double>& action) {
  const std::uint64_t kind = rng.below(16);
  for (std::size_t j = 0; j < action.size(); ++j) {
    const double uniform = rng.uniform(spec.act_low[j], spec.act_high[j]);
    action[j] = kind == 0 ? spec.act_low[j] : kind == 1 ? spec.act_high[j] : uniform;
  }
}

// Steps one instance with seeded resets and actions and writes down all that it returns. A copy continues from the
// same point, on the same instance unless it is given another.
class Roller {
 public:
  Roller(Env& env, std::uint64_t seed, const StopRequest& stop)
      : env_(&env),
        stop_(&stop),
        resets_(seed, StreamKind::test, 0),
        actions_(seed, StreamKind::test, 1),
        obs_(env.spec().obs_dim),
        action_(env.spec().act_dim) {
    reset();
  }
  void set_env(Env& env) { env_ = &env; }
  Roller& steps(int count) {
    for (int t = 0; t < count; ++t) {
      if (stop_->asked()) throw stop_->error("in a check of " + env_->spec().id);
      draw_action(env_->spec(), actions_, action_);
      const StepResult result = env_->step(action_, obs_);
      seen_.insert(seen_.end(), obs_.begin(), obs_.end());
      seen_.insert(seen_.end(), {result.reward, result.terminated ? 1.0 : 0.0, result.truncated ? 1.0 : 0.0});
      if (result.terminated || result.truncated || ++length_ == env_->spec().max_episode_steps) reset();
    }
    return *this;
  }
  const Trajectory& seen() const { return seen_; }

 private:
  void reset() {
    length_ = 0;
    env_->reset(resets_, obs_);
    seen_.insert(seen_.end(), obs_.begin(), obs_.end());
  }

  Env* env_;
  const StopRequest* stop_;
  Rng resets_, actions_;
  std::vector<double> obs_, action_;
  int length_ = 0;
  Trajectory seen_;
};

class Checker {
 public:
  Checker(EnvReport& report, const EnvKwargs& kwargs, const StopRequest& stop)
      : report_(report), kwargs_(kwargs), stop_(stop), env_(make()) {}

  void run(int steps) {
    check_spec();
    if (!report_.ok()) return;
    guarded("step", [&] { check_random_steps(steps); });
    if (!report_.ok()) return;
    const int few = std::min(steps, 300);
    guarded("determinism", [&] { check_determinism(few); });
    guarded("isolation", [&] { check_isolation(few); });
    guarded("state", [&] { check_state(few); });
  }

 private:
  std::unique_ptr<Env> make() const { return make_env(report_.id, kwargs_); }

  void add(Severity severity, const std::string& check, const std::string& message) {
    const auto same = std::ranges::count_if(
        report_.findings, [&](const EnvFinding& f) { return f.check == check && f.severity == severity; });
    if (same < kMaxFindingsPerCheck) report_.findings.push_back({severity, check, message});
  }

  template <class Body>
  void guarded(const std::string& check, Body&& body) {
    try {
      body();
    } catch (const StoppedError&) {
      throw;
    } catch (const std::exception& error) {
      add(Severity::error, check, "threw at " + where_ + ": " + error.what());
    } catch (...) {
      add(Severity::error, check, "threw something that is not a std::exception at " + where_);
    }
  }

  void check_spec();
  void check_random_steps(int steps);
  void check_determinism(int steps);
  void check_isolation(int steps);
  void check_state(int steps);

  void check_obs(const std::string& check, std::span<const double> obs);
  void check_scale();

  EnvReport& report_;
  const EnvKwargs& kwargs_;
  const StopRequest& stop_;
  std::unique_ptr<Env> env_;
  std::string where_ = "construction";
  std::vector<double> obs_min_, obs_max_;  // (O) over the random steps
};

void Checker::check_spec() {
  const EnvSpec& spec = env_->spec();
  const auto fail = [&](const std::string& message) { add(Severity::error, "spec", message); };
  if (spec.id != report_.id) fail("id: expected '" + report_.id + "', found '" + spec.id + "'");
  if (spec.description.empty()) add(Severity::warning, "spec", "description is empty");
  if (spec.obs_dim < 1) fail("obs_dim: expected at least 1, found " + std::to_string(spec.obs_dim));
  if (spec.act_dim < 1) fail("act_dim: expected at least 1, found " + std::to_string(spec.act_dim));
  if (spec.max_episode_steps < 0)
    fail("max_episode_steps: expected at least 0, found " + std::to_string(spec.max_episode_steps));
  const auto check_bounds = [&](const std::string& name, const std::vector<double>& low,
                                const std::vector<double>& high, int dim, bool finite) {
    if (low.size() != static_cast<std::size_t>(std::max(dim, 0)) || high.size() != low.size()) {
      fail(name + "_low, " + name + "_high: expected " + std::to_string(dim) + " values, found " +
           std::to_string(low.size()) + " and " + std::to_string(high.size()));
      return;
    }
    for (std::size_t j = 0; j < low.size(); ++j) {
      const bool fits = low[j] < high[j] && (!finite || (std::isfinite(low[j]) && std::isfinite(high[j])));
      if (!fits) {
        fail(name + "_low, " + name + "_high [" + std::to_string(j) + "]: expected " + (finite ? "finite " : "") +
             "low < high, found " + to_text(low[j]) + " and " + to_text(high[j]));
      }
    }
  };
  check_bounds("obs", spec.obs_low, spec.obs_high, spec.obs_dim, false);
  check_bounds("act", spec.act_low, spec.act_high, spec.act_dim, true);
  if (spec.max_episode_steps == 0) add(Severity::note, "spec", "no time limit: an episode may never end");
}

void Checker::check_obs(const std::string& check, std::span<const double> obs) {
  const EnvSpec& spec = env_->spec();
  for (std::size_t j = 0; j < obs.size(); ++j) {
    const std::string entry = where_ + ": observation[" + std::to_string(j) + "] ";
    const auto as_float = static_cast<float>(obs[j]);
    if (is_unwritten(obs[j])) {
      add(Severity::error, check, entry + "was not written");
    } else if (!std::isfinite(as_float)) {
      add(Severity::error, check, entry + "is " + to_text(obs[j]) + ", not finite in float32");
    } else if (as_float < static_cast<float>(spec.obs_low[j]) || as_float > static_cast<float>(spec.obs_high[j])) {
      add(Severity::error, check,
          entry + "is " + to_text(obs[j]) + ", outside [" + to_text(spec.obs_low[j]) + ", " +
              to_text(spec.obs_high[j]) + "]");
    }
    obs_min_[j] = std::min(obs_min_[j], obs[j]);
    obs_max_[j] = std::max(obs_max_[j], obs[j]);
  }
}

void Checker::check_random_steps(int steps) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> obs(env_->spec().obs_dim, kUnwritten);
  std::vector<double> action(env_->spec().act_dim);
  obs_min_.assign(obs.size(), kInfinity);
  obs_max_.assign(obs.size(), -kInfinity);
  Rng resets(1, StreamKind::test, 0), actions(1, StreamKind::test, 1);
  const auto reset = [&] {
    std::ranges::fill(obs, kUnwritten);
    where_ = "reset after step " + std::to_string(report_.steps);
    env_->reset(resets, obs);
    check_obs("reset", obs);
  };
  reset();
  int length = 0;
  double reward_sum = 0.0;
  bool both_flags = false;
  while (report_.steps < steps && report_.ok()) {
    if (stop_.asked())
      throw stop_.error("after " + std::to_string(report_.steps) + " of " + std::to_string(steps) + " random steps");
    draw_action(env_->spec(), actions, action);
    std::ranges::fill(obs, kUnwritten);
    where_ = "step " + std::to_string(++report_.steps);
    const StepResult result = env_->step(action, obs);
    check_obs("step", obs);
    if (!std::isfinite(static_cast<float>(result.reward))) {
      add(Severity::error, "step", where_ + ": reward is " + to_text(result.reward) + ", not finite in float32");
    }
    if (result.terminated && result.truncated && !both_flags) {
      both_flags = true;
      add(Severity::warning, "step", where_ + ": terminated and truncated at once; it counts as terminated");
    }
    reward_sum += result.reward;
    const bool at_limit = ++length == env_->spec().max_episode_steps;
    if (result.terminated || result.truncated || at_limit) {
      ++report_.episodes;
      length = 0;
      reset();
    }
  }
  report_.mean_reward = reward_sum / std::max(report_.steps, 1);
  if (report_.ok()) check_scale();
}

void Checker::check_scale() {
  for (std::size_t j = 0; j < obs_min_.size(); ++j) {
    const std::string entry = "observation[" + std::to_string(j) + "] ";
    if (std::max(-obs_min_[j], obs_max_[j]) > kLargeValue) {
      add(Severity::warning, "scale",
          entry + "reached " + to_text(std::max(-obs_min_[j], obs_max_[j])) +
              " in magnitude; networks learn best from values of about 1");
    } else if (obs_min_[j] == obs_max_[j]) {
      add(Severity::note, "scale", entry + "is always " + to_text(obs_min_[j]));
    }
  }
}

void Checker::check_determinism(int steps) {
  where_ = "a fresh instance";
  const auto a = make(), b = make();
  const Trajectory first = Roller(*a, 2, stop_).steps(steps).seen();
  if (!same_bits(first, Roller(*b, 2, stop_).steps(steps).seen())) {
    add(Severity::error, "determinism", "two instances give different trajectories for the same seed and actions");
  }
  // env_ has a past, which reset must forget.
  where_ = "a used instance";
  if (!same_bits(first, Roller(*env_, 2, stop_).steps(steps).seen())) {
    add(Severity::error, "determinism", "an instance that was used before gives another trajectory than a fresh one");
  }
  if (same_bits(first, Roller(*env_, 3, stop_).steps(steps).seen())) {
    add(Severity::warning, "determinism", "the seed and the actions make no difference");
  }
}

void Checker::check_isolation(int steps) {
  where_ = "two instances side by side";
  const auto alone = make(), a = make(), b = make();
  const Trajectory expected = Roller(*alone, 4, stop_).steps(steps).seen();
  Roller first(*a, 4, stop_), second(*b, 5, stop_);
  for (int t = 0; t < steps; ++t) {
    second.steps(1);
    first.steps(1);
  }
  if (!same_bits(expected, first.seen())) {
    add(Severity::error, "isolation", "an instance behaves differently while another one is stepped: they share state");
  }
}

void Checker::check_state(int steps) {
  if (!env_->can_save_state()) {
    add(Severity::note, "state", "cannot save its state: a resumed run starts new episodes");
    return;
  }
  where_ = "save and load";
  const auto other = make();
  Roller saved(*env_, 6, stop_);
  saved.steps(std::max(steps / 10, 1));
  Roller loaded = saved;
  loaded.set_env(*other);
  other->load_state(env_->save_state());
  if (!same_bits(saved.steps(steps).seen(), loaded.steps(steps).seen())) {
    add(Severity::error, "state", "a loaded state continues differently from the saved one");
  }
  if (other->save_state() != env_->save_state()) {
    add(Severity::error, "state", "equal trajectories end in states of different bytes");
  }
}

}  // namespace

bool EnvReport::ok() const {
  return std::ranges::none_of(findings, [](const EnvFinding& f) { return f.severity == Severity::error; });
}

EnvReport check_env(const std::string& id, const EnvKwargs& kwargs, int steps, const StopRequest& stop) {
  SOFTAC_REQUIRE(steps >= 1, steps);
  EnvReport report;
  report.id = id;
  Checker(report, kwargs, stop).run(steps);
  return report;
}

}  // namespace softac

// A finite problem as an environment: its states one-hot, its transitions drawn from a generator of the episode.
#include <algorithm>

#include "env/discrete.h"
#include "env/state_bytes.h"
#include "softac/error.h"
#include "softac/problems.h"

namespace softac {

namespace {

class MdpEnv final : public Env {
 public:
  MdpEnv(ExactProblem problem, int max_episode_steps) : problem_(std::move(problem)) {
    const FiniteMdp& mdp = problem_.mdp;
    spec_.id = problem_.name;
    spec_.obs_dim = static_cast<int>(mdp.num_states);
    spec_.obs_low.assign(mdp.num_states, 0.0);
    spec_.obs_high.assign(mdp.num_states, 1.0);
    set_discrete_actions(spec_, static_cast<int>(mdp.num_actions));
    spec_.max_episode_steps = max_episode_steps;
    spec_.description = "finite problem with one-hot observations";
    for (std::int64_t s = 0; s < mdp.num_states; ++s) {
      if (mdp.terminal(s)) {
        if (problem_.start[s] > 0.0)
          throw ConfigError(problem_.name + ": start state " + std::to_string(s) + " is terminal");
        continue;
      }
      for (std::int64_t a = 0; a < mdp.num_actions; ++a) {
        if (!mdp.available(s, a))
          throw ConfigError(problem_.name + ": action " + std::to_string(a) + " is not available in state " +
                            std::to_string(s));
      }
    }
  }

  const EnvSpec& spec() const override { return spec_; }

  // The rest of the generator is this episode's: its transitions draw from a copy.
  void reset(Rng& rng, std::span<double> obs) override {
    rng_ = Rng(rng.next_u64());
    const double u = rng.uniform();
    double sum = 0.0;
    for (std::size_t s = 0; s < problem_.start.size(); ++s) {
      if (problem_.start[s] > 0.0 && sum <= u) state_ = static_cast<std::int64_t>(s);
      sum += problem_.start[s];
    }
    write_obs(obs);
  }

  StepResult step(std::span<const double> action, std::span<double> obs) override {
    const FiniteMdp& mdp = problem_.mdp;
    const std::size_t row = state_ * mdp.num_actions + discrete_action(action, spec_.num_actions);
    std::size_t i = mdp.row_start[row];
    const double u = rng_.uniform();
    for (double sum = mdp.p[i]; sum <= u && i + 1 < static_cast<std::size_t>(mdp.row_start[row + 1]); sum += mdp.p[i])
      ++i;
    const bool ends = mdp.next[i] == mdp.num_states;
    state_ = mdp.next[i];
    if (ends) {
      state_ =
          std::lower_bound(mdp.ended.begin(), mdp.ended.end(), std::pair(static_cast<std::int64_t>(i), std::int32_t{0}))
              ->second;
    }
    write_obs(obs);
    return {mdp.transition_reward.empty() ? mdp.reward[row] : mdp.transition_reward[i], ends, false};
  }

  bool can_save_state() const override { return true; }
  std::vector<std::byte> save_state() const override {
    StateWriter out;
    out.put(state_);
    out.put(rng_.seed());
    out.put(rng_.position());
    return out.take();
  }
  void load_state(std::span<const std::byte> state) override {
    StateReader in(state, spec_.id);
    const auto s = in.get<std::int64_t>();
    const auto seed = in.get<std::uint64_t>(), position = in.get<std::uint64_t>();
    in.finish();
    if (s < 0 || s >= problem_.mdp.num_states)
      throw IoError("state of " + spec_.id + ": " + std::to_string(s) + " is no state");
    state_ = s;
    rng_ = Rng(seed);
    rng_.set_position(position);
  }

 private:
  void write_obs(std::span<double> obs) const {
    std::fill(obs.begin(), obs.end(), 0.0);
    obs[state_] = 1.0;
  }

  ExactProblem problem_;
  EnvSpec spec_;
  std::int64_t state_ = 0;
  Rng rng_;
};

}  // namespace

std::unique_ptr<Env> make_mdp_env(ExactProblem problem, int max_episode_steps) {
  return std::make_unique<MdpEnv>(std::move(problem), max_episode_steps);
}

}  // namespace softac

#include "train/play_run.h"

#include <algorithm>
#include <vector>

#include "base/file_system.h"
#include "base/fp_modes.h"
#include "base/stop_request.h"
#include "config/make_envs.h"
#include "softac/error.h"
#include "train/evaluator.h"
#include "train/run_policy.h"

namespace softac {

namespace {

// One environment that is, in turn, each of those that an evaluation has.
class Player {
 public:
  Player(const RunPolicy& policy, const EvaluateOptions& options, PlayWatcher& watcher)
      : options_(options),
        watcher_(watcher),
        stop_(options.stop_signal, options.max_time_sec),
        envs_(make_vec_env(policy.config, 1, options.seed, StreamKind::eval_env, options.on_env_hang,
                           Autoreset::disabled)),
        stats_(policy.begin_stats()),
        task_limit_(limit_episodes(*envs_, policy.config)),
        agent_(policy.make_agent(envs_->spec(), options)),
        obs_(envs_->spec().obs_dim),
        actions_(envs_->spec().act_dim) {
    stats_.env_id = envs_->spec().id;
    stats_.max_episode_steps = envs_->spec().max_episode_steps;
  }

  EvalStats run() {
    watcher_.on_open(envs_->env(0), stats_);
    const int num_envs = std::min(options_.episodes, Evaluator::kMaxEnvs);
    for (int env = 0; env < num_envs; ++env) {
      envs_->reseed(0, options_.seed, static_cast<std::uint32_t>(env));
      noise_ = {evaluation_noise(options_.seed, env)};
      const int share = options_.episodes / num_envs + (env < options_.episodes % num_envs ? 1 : 0);
      for (int played = 0; played < share;) {
        const PlayAnswer answer = episode();
        if (answer == PlayAnswer::stop) return finish();
        if (answer == PlayAnswer::proceed) ++played;
      }
    }
    return finish();
  }

 private:
  PlayAnswer show_start() {
    std::ranges::copy(envs_->obs(), obs_.begin());
    return watcher_.on_state({envs_->env(0), obs_, envs_->env_action(0), {}, episode_number()});
  }
  PlayAnswer show_step(bool terminated, bool ended) {
    std::ranges::copy(envs_->obs(), obs_.begin());
    return watcher_.on_state({envs_->env(0), obs_, envs_->env_action(0), actions_, episode_number(),
                              envs_->episode_length()[0], envs_->episode_return()[0], envs_->reward()[0], ended,
                              terminated});
  }
  int episode_number() const { return static_cast<int>(stats_.returns.size()); }

  PlayAnswer episode() {
    envs_->reset();
    PlayAnswer answer = show_start();
    while (answer == PlayAnswer::proceed) {
      if (stop_.asked())
        throw stop_.error("after " + std::to_string(stats_.returns.size()) + " of " +
                          std::to_string(options_.episodes) + " episodes");
      if (!agent_->act(envs_->obs(), 1, options_.deterministic, noise_, actions_))
        throw NumericsError("an action of the policy is not finite");
      envs_->step(actions_);
      const bool terminated = envs_->terminated()[0] != 0, ended = terminated || envs_->truncated()[0] != 0;
      answer = show_step(terminated, ended);
      if (!ended || answer == PlayAnswer::restart) continue;
      stats_.returns.push_back(envs_->episode_return()[0]);
      stats_.lengths.push_back(envs_->episode_length()[0]);
      stats_.num_cut_off += is_cut_off(*envs_, 0, task_limit_) ? 1 : 0;
      return answer;
    }
    return answer;
  }

  EvalStats finish() {
    if (!stats_.returns.empty()) summarize(stats_);
    return std::move(stats_);
  }

  const EvaluateOptions& options_;
  PlayWatcher& watcher_;
  StopRequest stop_;
  std::unique_ptr<VecEnv> envs_;
  EvalStats stats_;
  int task_limit_;
  std::unique_ptr<SacAgent> agent_;
  std::vector<double> obs_;
  std::vector<float> actions_;  // (A) in [−1, 1]
  std::vector<Rng> noise_;
};

}  // namespace

EvalStats play_run(const std::string& run_dir, const EvaluateOptions& options, PlayWatcher& watcher) {
  const StandardFpModes modes;
  const RunPolicy policy = read_run_policy(run_dir, options);
  return Player(policy, options, watcher).run();
}

}  // namespace softac

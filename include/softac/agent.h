// The SAC learner (arXiv 1812.05905; docs/math.md E8–E14): acts, and makes one update from a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "softac/panels.h"
#include "softac/policy_parameters.h"
#include "softac/rng.h"
#include "softac/sac_config.h"
#include "softac/tensor_ref.h"
#include "softac/update_metrics.h"

namespace softac {

struct PolicyDescription;  // agent/describe.h

class SacAgent {
 public:
  // obs_dim: O, 1 to 2^20. act_dim: A, 1 to 512; 1 with discrete actions. threads: inside an update, to 4096; 0 = all
  // cores. backend: "" = best the CPU can run (or SOFTAC_BACKEND if set). Throws ConfigError with everything that
  // validate(config, obs_dim, act_dim) of softac/sac_settings.h and these say, MemoryError where the learner does not
  // fit.
  SacAgent(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads = 1,
           const std::string& backend = "");
  ~SacAgent();
  SacAgent(SacAgent&&) noexcept;
  SacAgent& operator=(SacAgent&&) noexcept;

  int obs_dim() const;
  int act_dim() const;
  const SacConfig& config() const;
  std::string backend_name() const;
  int num_threads() const;  // inside an update

  // What the policy is about to see, obs (rows, O) row-major: updates the running statistics of normalize_obs, row by
  // row. Once for every environment step of training, random ones included, and never in evaluation. Without
  // normalize_obs it does nothing. Throws ContractError on other sizes.
  void observe(std::span<const float> obs, int rows);

  // The reward of a transition of stream 0 … config().num_streams − 1 and whether its episode ended with it: updates
  // the running statistics of normalize_reward. Once for every transition of training; without normalize_reward it does
  // nothing. end_return: the stream's episode ended without such a transition. Throws ContractError on other streams.
  void observe_reward(int stream, float reward, bool done);
  void end_return(int stream);
  // c: updates read rewards as r/c, with α in the same units. 1 without normalize_reward.
  double reward_unit() const;

  // Holding noise over several steps (noise_repeat_max) is left to the training loop (Learner, Trainer).
  // obs: (rows, O) row-major, 1 to 65536 rows. noise: one generator per row (unused if deterministic). deterministic:
  // the mean's action; of a mixture that of the most probable component. actions: (rows, A), in [−1, 1] for the
  // squashed policy; for the plain Gaussian the unclipped sample, in units of [−1, 1] as the environment's bounds.
  // Allocates only when rows grows beyond any earlier call. Returns false if an action is not finite. Throws
  // ContractError on other sizes.
  bool act(std::span<const float> obs, int rows, bool deterministic, std::span<Rng> noise, std::span<float> actions);

  // The same with one generator for all rows, in their order.
  bool act(std::span<const float> obs, int rows, bool deterministic, Rng& noise, std::span<float> actions);

  // Q_i(s, a) of each critic at obs (rows, O) and actions (rows, A) as act() writes them: out (n_critics, rows). Of
  // quantiles the mean; in units of the rewards (times reward_unit()). target: of the critics' targets, where they have
  // any. Throws ContractError on other sizes.
  void q_values(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
                std::span<float> out);
  // log π(a|s) (E11), of a discrete action its log probability: out (rows). A squashed action at ±1 counts as the float
  // next to it inside.
  void log_prob(std::span<const float> obs, std::span<const float> actions, int rows, std::span<double> out);

  // Discrete actions (config().num_actions = A > 0): an action is one number in [−1, 1], of which part i of A equal
  // parts means action i. π(·|s) of each row, (rows, A) row-major. Throws ContractError with continuous actions, and on
  // other sizes.
  void action_probabilities(std::span<const float> obs, int rows, std::span<float> out);

  // Continuous actions: the policy's distribution at obs (O). Throws ContractError otherwise.
  PolicyParameters policy_at(std::span<const float> obs);

  // How act() acts now, for exports. Throws ConfigError that names a part which cannot be exported.
  PolicyDescription describe();

  // The batch to fill before update(): config().batch_size rows.
  BatchView<float> batch();
  // One update in the order of E14 from the filled batch. Does not allocate after the first call.
  UpdateMetrics update();

  // Step sizes of the optimisers from the next update on, in place of those of the settings; config() says them. Throws
  // ConfigError on numbers that are no learning rates, and where a schedule sets them.
  void set_learning_rates(double actor, double critic, double ent_coef);

  std::int64_t num_updates() const;
  double ent_coef() const;        // α now
  double target_entropy() const;  // H̄ by the rule of the settings

  // Everything that changes in training beside the counters: networks and log α (model), Adam moments (optimizer).
  std::vector<TensorRef> model_tensors();
  std::vector<TensorRef> optimizer_tensors();
  struct Counters {
    std::int64_t num_updates = 0;
    std::int64_t num_actor_updates = 0;
    std::uint64_t update_rng_position = 0;
    friend bool operator==(const Counters&, const Counters&) = default;
  };
  Counters counters() const;
  // Throws ContractError unless 0 ≤ num_actor_updates ≤ num_updates ≤ 2^53.
  void set_counters(const Counters& counters);

  // 64-bit digest of all tensors and counters; equal states have equal digests on every machine.
  std::uint64_t state_hash();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softac

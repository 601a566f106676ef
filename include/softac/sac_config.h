// Every setting of the learner. A plain aggregate, defaults in place, one line per field. Names and meanings are
// Stable-Baselines3's where it has the setting.
#pragma once

#include <cstdint>
#include <vector>

#include "softac/choices.h"

namespace softac {

// Squares of one value, Huber loss of quantiles (TQC), or cross-entropy of a distribution over atoms (C51).
enum class CriticLoss { mse, quantile, categorical };
// How several critics become one value. automatic: what belongs to critic_loss.
enum class TargetReduce { automatic, min, mean, own, truncated };  // in targets; own: each critic has its own target
enum class ActorReduce { automatic, min, mean };                   // for the actor
inline constexpr int kMaxAtoms = 1024;                             // of one critic

inline constexpr int kMaxQuantiles = 256;         // of one critic
inline constexpr int kMaxPooledQuantiles = 4096;  // of all critics

// The learner (agent/): networks, losses, optimisers.
struct SacConfig {
  Variant variant = Variant::sac;
  std::vector<int> net_arch = {256, 256};         // hidden widths of the actor and of each critic
  std::vector<int> net_arch_actor = {};           // hidden widths of the actor alone; empty = net_arch
  std::vector<int> net_arch_critic = {};          // hidden widths of the critics alone; empty = net_arch
  Activation activation_fn = Activation::relu;    // hidden activation
  NormLayer norm_layer_actor = NormLayer::none;   // normalisation in the actor's hidden layers
  NormLayer norm_layer_critic = NormLayer::none;  // and in those of the critics (and of a state-value network)
  double norm_eps = 1e-5;                         // added to the variance in a norm
  WeightInit kernel_init = WeightInit::torch;     // first values of hidden layers
  WeightInit head_init = WeightInit::torch;       // of output layers; zero: of the actor's, the others' as kernel_init
  NormPlace norm_place = NormPlace::before_activation;
  bool norm_input = false;                    // batch norms: one of the raw inputs as well
  double batch_norm_momentum = 0.99;          // κ of running statistics: m ← κm + (1 − κ)μ
  bool batch_norm_unbiased = false;           // running variances take the batch's unbiased one
  std::int64_t renorm_warmup_steps = 100000;  // training passes before batch_renorm renormalises
  JointBatch joint_batch = JointBatch::off;
  TargetNetwork target_network = TargetNetwork::polyak;
  PolicyKind policy = PolicyKind::squashed_gaussian;
  LogStdRule log_std_rule = LogStdRule::clamp;
  bool normalize_obs = false;  // running normalisation of observations; replay keeps them raw
  double obs_norm_eps = 1e-8;  // added to the variance there
  double obs_norm_clip = 0.0;  // bound of a normalised value; 0 = none

  NormalizeReward normalize_reward = NormalizeReward::none;  // running scale of rewards; replay keeps them raw
  double norm_reward_max = 5.0;                              // bound of scaled returns, with return_std_bounded

  double log_std_min = -20.0;  // bounds of log σ; with the tanh rule the usual choice is −5
  double log_std_max = 2.0;
  int actor_components = 1;  // K Gaussians whose mixture the policy is
  ActorCovariance actor_covariance = ActorCovariance::diagonal;
  int n_critics = 2;  // N ≥ 1
  CriticLoss critic_loss = CriticLoss::mse;
  int n_atoms = 101;                   // outputs of a critic with critic_loss = categorical
  double v_min = -5.0;                 // the first atom, in the units of reward_scale · r
  double v_max = 5.0;                  // and the last
  int n_target_critics = 0;            // M of N that an update draws and bootstraps from (REDQ); 0 = all
  bool backup_entropy = true;          // −α log π in the critics' targets
  double dropout_rate = 0.0;           // p of the critics' hidden products, in all passes of an update (DroQ)
  int noise_repeat_max = 1;            // steps that exploration noise is held at most while acting (FlashSAC)
  double noise_repeat_exponent = 2.0;  // it is held n steps with probability ∝ n^−exponent
  TargetReduce target_reduce = TargetReduce::automatic;
  ActorReduce actor_reduce = ActorReduce::automatic;
  int n_quantiles = 25;                   // M, outputs of a critic with critic_loss = quantile
  int top_quantiles_to_drop_per_net = 2;  // of the pooled N·M, N times as many are left out of the target
  double learning_rate = 3e-4;            // Adam step size of every network that has none set below
  double learning_rate_actor = -1.0;      // < 0: learning_rate
  double learning_rate_critic = -1.0;     // < 0: learning_rate
  double learning_rate_ent_coef = -1.0;   // < 0: learning_rate
  LearningRateSchedule learning_rate_schedule = LearningRateSchedule::constant;
  double learning_rate_end = 0.0;        // where a schedule ends, for every network
  std::int64_t learning_rate_steps = 0;  // optimiser steps over which it gets there; in a run 0 = the planned updates
  double weight_decay = 0.0;             // λ of AdamW, decoupled from the gradient; never of the temperature
  WeightDecayScope weight_decay_scope = WeightDecayScope::all;

  WeightNorm weight_norm = WeightNorm::none;             // unit weights of every output after each optimiser step
  UpdateOrder update_order = UpdateOrder::critic_first;  // actor_first: actor, temperature, then critics

  double adam_beta1 = 0.9;
  double adam_beta1_ent_coef = -1.0;  // < 0: adam_beta1
  double adam_beta2 = 0.999;
  double adam_eps = 1e-8;
  double max_grad_norm = 0.0;      // global gradient norm per network; 0 = no clipping
  int batch_size = 256;            // B
  bool gamma_auto = false;         // a run finds gamma from the length of its episodes, before it has a learner
  double gamma = 0.99;             // discount per environment step
  double reward_scale = 1.0;       // factor of rewards in the critics' targets
  double tau = 0.005;              // Polyak factor, E12
  int target_update_interval = 1;  // updates between Polyak steps
  int policy_delay = 1;            // updates between actor (and temperature) steps
  int n_steps = 1;                 // n-step returns (intermediate entropies are left out, E8)
  int n_target_actions = 1;        // K actions whose soft values are averaged in the target's expectation, E8
  ActorGradient actor_gradient = ActorGradient::reparameterised;
  ActorBaseline actor_baseline = ActorBaseline::leave_one_out;  // of the likelihood-ratio gradient
  DiscretePolicy discrete_policy = DiscretePolicy::softmax;     // with discrete actions only
  bool ent_coef_auto = true;                                    // learn the temperature
  double ent_coef = 1.0;  // start value if learned, else the fixed α; 0 = the hard version
  EntCoefLoss ent_coef_loss = EntCoefLoss::alpha;
  double ent_coef_min = 1e-8;  // a learned temperature is held above this
  double ent_coef_max = 1e4;   // and below this
  // H̄: a number, −A (½ log A with discrete actions), −A/2, or ½ A log 2πeσ² with target_entropy as σ.
  TargetEntropyRule target_entropy_rule = TargetEntropyRule::automatic;
  double target_entropy = 0.0;
  int num_streams = 1;  // sequences of transitions that are observed (no setting)
  int num_actions = 0;  // discrete actions, as the environment says (no setting); 0 = continuous
};

}  // namespace softac

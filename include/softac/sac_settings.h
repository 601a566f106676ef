// The learner's settings: name, group, range and a line of documentation for every field of SacConfig. Files, command
// line, printing and validation all walk them through for_each_setting(); config/settings.h adds those of a run.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "softac/sac_config.h"

namespace softac {

// From when on a setting may have another value than the run began with.
enum class SettingChange {
  on_resume,   // whenever the run resumes: it changes nothing that is learnt
  in_fork,     // in a fork of the run: it changes what is learnt
  in_new_run,  // in a new run alone: what a checkpoint holds is of this value
};

struct SettingInfo {
  std::string_view name;
  std::string_view group;
  std::string_view doc;
  double low = -std::numeric_limits<double>::infinity();  // smallest value allowed (numbers; each entry of lists)
  double high = std::numeric_limits<double>::infinity();  // largest value allowed; infinity itself never is
  bool low_open = false;                                  // low itself is not allowed
  SettingChange change = SettingChange::in_fork;
};
constexpr SettingInfo on_resume(SettingInfo info) {
  info.change = SettingChange::on_resume;
  return info;
}
constexpr SettingInfo in_new_run(SettingInfo info) {
  info.change = SettingChange::in_new_run;
  return info;
}

// A number that can also be found automatically: "auto", a number, and where has_start "auto_X" (starts at X).
template <class Bool, class Double>
struct AutoNumber {
  Bool& automatic;
  Double& value;
  bool has_start;
};

// H̄: a number, or a rule: "auto", "half", "sigma_X" with the number X.
template <class Rule, class Double>
struct EntropyTarget {
  Rule& rule;
  Double& value;
};

// A number of things of which "all" may be meant: the largest number there is.
template <class Integer>
struct CountOrAll {
  Integer& value;
};

// Spelling of the enumerations.
template <class Enum>
struct EnumNames;
template <>
struct EnumNames<Activation> {
  static constexpr std::array<std::string_view, 4> value = {"relu", "tanh", "elu", "silu"};
};
template <>
struct EnumNames<NormLayer> {
  static constexpr std::array<std::string_view, 5> value = {"none", "layer", "rms", "batch", "batch_renorm"};
};
template <>
struct EnumNames<NormPlace> {
  static constexpr std::array<std::string_view, 2> value = {"before_activation", "after_activation"};
};
template <>
struct EnumNames<JointBatch> {
  static constexpr std::array<std::string_view, 3> value = {"off", "online", "both"};
};
template <>
struct EnumNames<TargetNetwork> {
  static constexpr std::array<std::string_view, 2> value = {"polyak", "none"};
};
template <>
struct EnumNames<WeightDecayScope> {
  static constexpr std::array<std::string_view, 3> value = {"all", "weights", "heads_and_norms"};
};
template <>
struct EnumNames<LearningRateSchedule> {
  static constexpr std::array<std::string_view, 3> value = {"constant", "linear", "cosine"};
};
template <>
struct EnumNames<WeightInit> {
  static constexpr std::array<std::string_view, 7> value = {
      "torch", "lecun_normal", "he_normal", "xavier_uniform", "orthogonal", "orthogonal_sqrt2", "zero"};
};
template <>
struct EnumNames<NormalizeReward> {
  static constexpr std::array<std::string_view, 3> value = {"none", "return_std", "return_std_bounded"};
};
template <>
struct EnumNames<WeightNorm> {
  static constexpr std::array<std::string_view, 3> value = {"none", "rows", "rows_and_norms"};
};
template <>
struct EnumNames<UpdateOrder> {
  static constexpr std::array<std::string_view, 2> value = {"critic_first", "actor_first"};
};
template <>
struct EnumNames<CriticLoss> {
  static constexpr std::array<std::string_view, 3> value = {"mse", "quantile", "categorical"};
};
template <>
struct EnumNames<TargetReduce> {
  static constexpr std::array<std::string_view, 5> value = {"auto", "min", "mean", "own", "truncated"};
};
template <>
struct EnumNames<ActorReduce> {
  static constexpr std::array<std::string_view, 3> value = {"auto", "min", "mean"};
};
template <>
struct EnumNames<Variant> {
  static constexpr std::array<std::string_view, 2> value = {"sac", "state_value"};
};
template <>
struct EnumNames<PolicyKind> {
  static constexpr std::array<std::string_view, 2> value = {"squashed_gaussian", "gaussian"};
};
template <>
struct EnumNames<LogStdRule> {
  static constexpr std::array<std::string_view, 2> value = {"clamp", "tanh"};
};
template <>
struct EnumNames<ActorCovariance> {
  static constexpr std::array<std::string_view, 2> value = {"diagonal", "full"};
};
template <>
struct EnumNames<EntCoefLoss> {
  static constexpr std::array<std::string_view, 2> value = {"alpha", "log_alpha"};
};
template <>
struct EnumNames<ActorGradient> {
  static constexpr std::array<std::string_view, 2> value = {"reparameterised", "likelihood_ratio"};
};
template <>
struct EnumNames<ActorBaseline> {
  static constexpr std::array<std::string_view, 2> value = {"none", "leave_one_out"};
};
template <>
struct EnumNames<DiscretePolicy> {
  static constexpr std::array<std::string_view, 2> value = {"softmax", "boltzmann"};
};

// Calls visit(info, field) for every setting of the learner. Config: SacConfig or const SacConfig. Field types: bool&,
// int&, int64&, uint64&, double&, string&, an enumeration with EnumNames, vector<int>&, vector<string>&, AutoNumber,
// EntropyTarget.
template <class Config, class Visitor>
requires std::is_same_v<std::remove_const_t<Config>, SacConfig>
void for_each_setting(Config& c, Visitor&& visit) {
  constexpr auto inf = std::numeric_limits<double>::infinity();
  const char* group = "Networks";
  visit(in_new_run({"variant", group,
                    "where critics bootstrap from: target critics (sac), or the target of a state-value network as in "
                    "the first SAC (state_value)"}),
        c.variant);
  visit(in_new_run(
            {"policy", group, "tanh-squashed Gaussian, or the plain Gaussian whose samples are clipped to the bounds"}),
        c.policy);
  visit(
      in_new_run({"net_arch", group,
                  "hidden widths of the actor and of each critic, [] = linear; {pi = […], qf = […]} sets the next two",
                  1, 65536}),
      c.net_arch);
  visit(in_new_run({"net_arch_actor", group, "hidden widths of the actor alone; empty = net_arch", 1, 65536}),
        c.net_arch_actor);
  visit(in_new_run({"net_arch_critic", group, "hidden widths of each critic alone; empty = net_arch", 1, 65536}),
        c.net_arch_critic);
  visit(in_new_run({"activation_fn", group, "activation of the hidden layers"}), c.activation_fn);
  visit(in_new_run({"norm_layer_actor", group,
                    "normalisation in the actor's hidden layers: none, LayerNorm, RMSNorm, BatchNorm or BatchRenorm"}),
        c.norm_layer_actor);
  visit(in_new_run({"norm_layer_critic", group, "the same for critics and state values"}), c.norm_layer_critic);
  visit(SettingInfo{"norm_eps", group, "what a norm adds to the variance (1e-5 in PyTorch, 1e-6 in Flax)", 0, 1, true},
        c.norm_eps);
  visit(in_new_run({"kernel_init", group,
                    "first weights of hidden layers: torch's uniform ±1/√in, biases too; else biases are 0; "
                    "orthogonal_sqrt2: √2 times"}),
        c.kernel_init);
  visit(in_new_run({"head_init", group,
                    "the same of output layers, each part of the actor's by itself; zero: of the actor's alone, the "
                    "critics' as kernel_init"}),
        c.head_init);
  visit(SettingInfo{"dropout_rate", group,
                    "share of the critics' hidden products, before a norm, that every pass of an update sets to zero "
                    "(DroQ: 0.01 with norm_layer_critic = layer); 0 = none",
                    0, 0.99},
        c.dropout_rate);
  visit(in_new_run({"norm_place", group, "where a hidden layer's norm stands"}), c.norm_place);
  visit(in_new_run({"norm_input", group,
                    "networks with batch norms begin with one of their raw inputs, (s, a) of the critics"}),
        c.norm_input);
  visit(
      SettingInfo{"batch_norm_momentum", group,
                  "what running statistics keep at each training pass (0.99 in Flax; PyTorch's momentum is 1 minus it)",
                  0, 0.9999999},
      c.batch_norm_momentum);
  visit(SettingInfo{"batch_norm_unbiased", group, "running variances take v·n/(n − 1) of a batch of n rows (PyTorch)"},
        c.batch_norm_unbiased);
  visit(SettingInfo{"renorm_warmup_steps", group,
                    "training passes of a network in which batch_renorm is a batch norm still", 0, 1e15},
        c.renorm_warmup_steps);
  visit(in_new_run({"n_critics", group, "number of critics; targets and the actor use the smallest", 1, 64}),
        c.n_critics);
  visit(in_new_run({"normalize_obs", group,
                    "observations minus their running mean, divided by their running standard deviation; replay keeps "
                    "them raw"}),
        c.normalize_obs);
  visit(SettingInfo{"obs_norm_eps", group, "what normalize_obs adds to the variance", 0, 1, true}, c.obs_norm_eps);
  visit(SettingInfo{"obs_norm_clip", group, "bound of normalised observations; 0 = none (SB3's VecNormalize: 10)", 0,
                    1e6},
        c.obs_norm_clip);
  visit(in_new_run({"log_std_rule", group, "how log σ is bounded: clamp, or a tanh map onto the bounds"}),
        c.log_std_rule);
  visit(SettingInfo{"log_std_min", group, "lower bound of log σ (with the tanh rule −5 is usual)", -100, 100},
        c.log_std_min);
  visit(SettingInfo{"log_std_max", group, "upper bound of log σ", -100, 100}, c.log_std_max);
  visit(in_new_run({"actor_components", group,
                    "Gaussians whose mixture the policy is; each costs the actor's and the target's pass through the "
                    "critics once more",
                    1, 32}),
        c.actor_components);
  visit(in_new_run({"actor_covariance", group,
                    "covariance of the policy's Gaussian: diagonal, or full, whose action components are correlated"}),
        c.actor_covariance);
  group = "Optimisers";
  visit(
      SettingInfo{"learning_rate", group,
                  "Adam step size of every network whose own is not set; linear_X: X, and the schedule linear", 0, inf},
      c.learning_rate);
  visit(SettingInfo{"learning_rate_actor", group, "step size of the actor; -1 = learning_rate", -1, inf},
        c.learning_rate_actor);
  visit(SettingInfo{"learning_rate_critic", group, "step size of the critics; -1 = learning_rate", -1, inf},
        c.learning_rate_critic);
  visit(SettingInfo{"learning_rate_ent_coef", group, "step size of log α; -1 = learning_rate", -1, inf},
        c.learning_rate_ent_coef);
  visit(SettingInfo{"learning_rate_schedule", group,
                    "constant, or from each network's step size to learning_rate_end, linear or along half a cosine, "
                    "counted in its own steps"},
        c.learning_rate_schedule);
  visit(SettingInfo{"learning_rate_end", group, "step size at the end of a schedule", 0, inf}, c.learning_rate_end);
  visit(SettingInfo{"learning_rate_steps", group,
                    "optimiser steps over which a schedule runs; 0 = the updates that the run plans", 0, 1e15},
        c.learning_rate_steps);
  visit(
      SettingInfo{"weight_decay", group,
                  "decay of AdamW, decoupled from the gradient: p shrinks by step size · weight_decay · p; never of α",
                  0, 100},
      c.weight_decay);
  visit(SettingInfo{"weight_decay_scope", group,
                    "what decays: all parameters, weight matrices alone, or output layers and norms alone"},
        c.weight_decay_scope);
  visit(
      SettingInfo{"weight_norm", group,
                  "projection after every optimiser step, and of the first values. rows: the weights into each output "
                  "have length 1, biases are free; rows_and_norms: norms too, Σ(γ² + β²) = features"},
      c.weight_norm);
  visit(SettingInfo{"update_order", group,
                    "critic_first: critics, actor, α; actor_first: actor, α, then critics with the new ones"},
        c.update_order);
  visit(SettingInfo{"adam_beta1", group, "decay of Adam's first moment", 0, 0.9999999}, c.adam_beta1);
  visit(SettingInfo{"adam_beta1_ent_coef", group, "the same for log α; -1 = adam_beta1", -1, 0.9999999},
        c.adam_beta1_ent_coef);
  visit(SettingInfo{"adam_beta2", group, "decay of Adam's second moment", 0, 0.9999999}, c.adam_beta2);
  visit(SettingInfo{"adam_eps", group, "Adam's ε, added to the root of the second moment", 0, inf, true}, c.adam_eps);
  visit(SettingInfo{"max_grad_norm", group, "each network's gradient is scaled down to this norm; 0 = never", 0, inf},
        c.max_grad_norm);
  group = "Objective";
  visit(SettingInfo{"batch_size", group, "transitions per update", 1, 1048576}, c.batch_size);
  visit(SettingInfo{"gamma", group,
                    "discount per environment step; auto: (T/5 − 1)/(T/5) of T steps an episode, within [0.95, 0.995]",
                    0, 1},
        AutoNumber<std::conditional_t<std::is_const_v<Config>, const bool, bool>,
                   std::conditional_t<std::is_const_v<Config>, const double, double>>{c.gamma_auto, c.gamma, false});
  visit(SettingInfo{"reward_scale", group, "factor of rewards in the critics' targets; recorded returns have none", 0,
                    inf, true},
        c.reward_scale);
  visit(in_new_run({"normalize_reward", group,
                    "rewards divided by the running standard deviation of discounted returns, bounded: or by the "
                    "largest return / norm_reward_max where that is more; replay keeps them raw"}),
        c.normalize_reward);
  visit(SettingInfo{"norm_reward_max", group, "largest return after normalize_reward = return_std_bounded", 0, 1e30,
                    true},
        c.norm_reward_max);
  visit(in_new_run({"critic_loss", group,
                    "mse: one value per critic, the smallest counts; quantile: truncated quantile critics (TQC), whose "
                    "mean the actor takes; categorical: a distribution over n_atoms values (C51)"}),
        c.critic_loss);
  visit(in_new_run({"n_quantiles", group, "quantiles of a critic (critic_loss = quantile)", 1, kMaxQuantiles}),
        c.n_quantiles);
  visit(SettingInfo{"top_quantiles_to_drop_per_net", group,
                    "largest of the critics' pooled quantiles that targets leave out, for each critic", 0,
                    kMaxQuantiles - 1},
        c.top_quantiles_to_drop_per_net);
  visit(in_new_run({"n_atoms", group, "values that a critic's distribution is over (critic_loss = categorical)", 2,
                    kMaxAtoms}),
        c.n_atoms);
  visit(in_new_run({"v_min", group, "smallest of these values, in units of scaled rewards: returns must lie above",
                    -inf, inf}),
        c.v_min);
  visit(in_new_run({"v_max", group, "and the largest: returns must lie below", -inf, inf}), c.v_max);
  visit(SettingInfo{"n_target_critics", group,
                    "critics, drawn anew for every update, whose targets it bootstraps from (REDQ: 2 of 10); 0 = all",
                    0, 64},
        c.n_target_critics);
  visit(
      SettingInfo{"target_reduce", group,
                  "what targets take of several critics: the smallest (min), their mean, each critic its own target "
                  "copy (own), or the pooled quantiles without the largest (truncated); auto = truncated for quantile, "
                  "else min"},
      c.target_reduce);
  visit(SettingInfo{"actor_reduce", group,
                    "what the actor takes of several critics: min or mean; auto = mean for quantile, else min"},
        c.actor_reduce);
  visit(SettingInfo{"backup_entropy", group,
                    "targets of the critics have the entropy term −α log π; without it only the actor is soft (RLPD)"},
        c.backup_entropy);
  visit(SettingInfo{"tau", group, "Polyak factor of the targets", 0, 1, true}, c.tau);
  visit(
      in_new_run({"target_network", group,
                  "polyak: averages of the critics; none: the critics' own values at s', from the pass of their loss"}),
      c.target_network);
  visit(
      SettingInfo{"joint_batch", group,
                  "whose batch norms see [s, a; s', a'] as one batch in training: nobody's, the critics' (online), or "
                  "those of their targets too (both)"},
      c.joint_batch);
  visit(SettingInfo{"target_update_interval", group, "updates between Polyak steps", 1, 1e9}, c.target_update_interval);
  visit(SettingInfo{"policy_delay", group, "updates between steps of the actor and of α", 1, 1e9}, c.policy_delay);
  visit(SettingInfo{"n_steps", group, "length of n-step returns (entropies on the way are left out)", 1, 1000},
        c.n_steps);
  visit(SettingInfo{"n_target_actions", group, "next actions whose soft values a target averages", 1, 1024},
        c.n_target_actions);
  visit(SettingInfo{"actor_gradient", group,
                    "gradient of the actor through the action (reparameterised), or by the likelihood ratio"},
        c.actor_gradient);
  visit(SettingInfo{"actor_baseline", group,
                    "baseline of the likelihood-ratio gradient: none, or the mean of the batch's other rows"},
        c.actor_baseline);
  visit(in_new_run(
            {"discrete_policy", group,
             "discrete actions: softmax of the actor's outputs, or exp(min Q/α)/Z of the critics, without an actor"}),
        c.discrete_policy);
  visit(SettingInfo{"noise_repeat_max", group,
                    "steps that a training action's noise is held at most (FlashSAC: 16), the mean and σ being the "
                    "present ones; 1 = fresh noise in every step",
                    1, 1024},
        c.noise_repeat_max);
  visit(SettingInfo{"noise_repeat_exponent", group, "it is held n steps with a probability ∝ n^−exponent", 0, 100},
        c.noise_repeat_exponent);
  visit(
      SettingInfo{"ent_coef", group,
                  "temperature α: learned from 1 (auto), learned from X (auto_X), or fixed; 0 = no entropy term", 0,
                  inf},
      AutoNumber<std::conditional_t<std::is_const_v<Config>, const bool, bool>,
                 std::conditional_t<std::is_const_v<Config>, const double, double>>{c.ent_coef_auto, c.ent_coef, true});
  visit(SettingInfo{"ent_coef_loss", group, "loss of a learned α: −α(log π + H), or the form linear in log α"},
        c.ent_coef_loss);
  visit(SettingInfo{"ent_coef_min", group, "a learned α that falls below is held there, with a warning", 0, 1e30, true},
        c.ent_coef_min);
  visit(SettingInfo{"ent_coef_max", group, "a learned α that rises above is held there, with a warning", 0, 1e30, true},
        c.ent_coef_max);
  visit(SettingInfo{"target_entropy", group,
                    "entropy that a learned α aims at; auto = −(action size), or ½ log A with A discrete actions; "
                    "half = −(action size)/2; sigma_X = that of a Gaussian with σ = X"},
        EntropyTarget<std::conditional_t<std::is_const_v<Config>, const TargetEntropyRule, TargetEntropyRule>,
                      std::conditional_t<std::is_const_v<Config>, const double, double>>{c.target_entropy_rule,
                                                                                         c.target_entropy});
}

// One broken rule.
struct SettingViolation {
  std::string key;      // the setting
  std::string message;  // what it is and what it must be
};

// All broken rules of a learner's settings that hold for every task: ranges, and combinations. Empty = usable.
std::vector<SettingViolation> validate(const SacConfig& config);

// The same, and what the task adds: observations of obs_dim numbers and actions of act_dim, or where
// config.num_actions > 0 that many discrete actions (act_dim 1). Says as well where the sizes of an update are beyond
// what the learner can count.
std::vector<SettingViolation> validate(const SacConfig& config, int obs_dim, int act_dim);
inline constexpr int kMaxObsDim = 1 << 20;
inline constexpr int kMaxActDim = 512;
inline constexpr int kMaxDiscreteActions = 65536;

// Throws ConfigError with all of them, one a line; does nothing where there are none.
void refuse(const std::vector<SettingViolation>& violations);

}  // namespace softac

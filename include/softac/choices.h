// The choices of a learner that are names rather than numbers; what math/ and nn/ need of the settings.
#pragma once

namespace softac {

enum class Activation { relu, tanh, elu, silu };
enum class NormLayer { none, layer, rms, batch, batch_renorm };  // of hidden layers
enum class NormPlace { before_activation, after_activation };    // of a norm in a hidden layer
enum class JointBatch { off, online, both };  // critics whose training passes take [s, a; s', a'] at once
enum class TargetNetwork { polyak, none };    // E12, or the critics themselves
enum class WeightDecayScope { all, weights, heads_and_norms };  // what weight_decay applies to
enum class LearningRateSchedule { constant, linear, cosine };
enum class Variant { sac, state_value };                // arXiv 1812.05905, or its forerunner 1801.01290 with V(s)
enum class PolicyKind { squashed_gaussian, gaussian };  // E11: tanh-squashed, or the plain Gaussian
enum class LogStdRule { clamp, tanh };                  // E11: clamp to [−20, 2], or tanh map to [−5, 2]
enum class ActorCovariance { diagonal, full };          // of the Gaussian before squashing
enum class EntCoefLoss { alpha, log_alpha };            // E10: −α·(…) or the form linear in log α
enum class ActorGradient { reparameterised, likelihood_ratio };  // E9 by E11, or E13
enum class ActorBaseline { none, leave_one_out };                // of E13
enum class DiscretePolicy { softmax, boltzmann };                // a network's logits, or E3 on the critics' outputs

enum class TargetEntropyRule { number, automatic, half, sigma };  // H̄ of E10
enum class WeightInit { torch, lecun_normal, he_normal, xavier_uniform, orthogonal, orthogonal_sqrt2, zero };
enum class NormalizeReward { none, return_std, return_std_bounded };
enum class UpdateOrder { critic_first, actor_first };  // of the steps of an update, E14
enum class WeightNorm { none, rows, rows_and_norms };  // what is projected after every optimiser step

}  // namespace softac

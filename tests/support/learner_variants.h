// Every variant of the learner, as changes of a configuration: the suites that must hold for each (gradients, the same
// bits everywhere, no allocation, exact resume) take their list from here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "softac/sac_config.h"

namespace softac::test {

struct LearnerVariant {
  std::string name;
  std::function<void(SacConfig&)> set;
  std::uint64_t hash;     // of the state after five updates in update_test.cc, found on the first machine
  int num_actions = 0;    // discrete
  bool has_actor = true;  // false: the policy is made of the critics
};

inline std::vector<LearnerVariant> learner_variants() {
  return {
      {"mixture", [](SacConfig& c) { c.actor_components = 3; }, 14533889144659190496u},
      {"full_covariance", [](SacConfig& c) { c.actor_covariance = ActorCovariance::full; }, 9189790092430309222u},
      {"linear", [](SacConfig& c) { c.net_arch = {}; }, 295868298239610119u},
      {"linear_critics",
       [](SacConfig& c) {
         c.net_arch_actor = c.net_arch;
         c.net_arch = {};
         c.critic_loss = CriticLoss::quantile;
         c.n_quantiles = 5;
         c.top_quantiles_to_drop_per_net = 1;
       },
       15659804175767734566u},
      {"linear_state_value",
       [](SacConfig& c) {
         c.net_arch = {};
         c.variant = Variant::state_value;
       },
       4111415348978971982u},
      {"state_value",
       [](SacConfig& c) {
         c.variant = Variant::state_value;
         c.reward_scale = 2.0;
       },
       4559722298094223991u},
      {"likelihood_ratio", [](SacConfig& c) { c.actor_gradient = ActorGradient::likelihood_ratio; },
       16586447996961166666u},
      {"layer_norm", [](SacConfig& c) { c.norm_layer_actor = c.norm_layer_critic = NormLayer::layer; },
       8473948077438037186u},
      {"adamw_linear",
       [](SacConfig& c) {
         c.weight_decay = 0.01;
         c.weight_decay_scope = WeightDecayScope::weights;
         c.learning_rate_schedule = LearningRateSchedule::linear;
         c.learning_rate_end = 1e-5;
         c.learning_rate_steps = 4;
       },
       7369943879576474730u},
      {"normalize_obs",
       [](SacConfig& c) {
         c.normalize_obs = true;
         c.obs_norm_clip = 5.0;
       },
       198736732616750894u},
      {"quantile",
       [](SacConfig& c) {
         c.critic_loss = CriticLoss::quantile;
         c.n_quantiles = 7;
         c.top_quantiles_to_drop_per_net = 2;
       },
       7055995708329591609u},
      {"scaled_rewards",
       [](SacConfig& c) {
         c.normalize_reward = NormalizeReward::return_std_bounded;
         c.update_order = UpdateOrder::actor_first;
         c.target_entropy_rule = TargetEntropyRule::half;
         c.kernel_init = WeightInit::lecun_normal;
         c.head_init = WeightInit::xavier_uniform;
       },
       17059477548188598337u},
      {"unit_rows",
       [](SacConfig& c) {
         c.weight_norm = WeightNorm::rows_and_norms;
         c.norm_layer_actor = c.norm_layer_critic = NormLayer::layer;
         c.kernel_init = WeightInit::orthogonal_sqrt2;
         c.head_init = WeightInit::orthogonal;
         c.learning_rate_schedule = LearningRateSchedule::cosine;
         c.learning_rate_end = 1e-5;
         c.learning_rate_steps = 4;
       },
       2530100427320349920u},
      {"categorical",
       [](SacConfig& c) {
         c.critic_loss = CriticLoss::categorical;
         c.n_atoms = 21;
         c.v_min = -4.0;
         c.v_max = 3.0;
       },
       2246109375930247577u},
      {"discrete_categorical",
       [](SacConfig& c) {
         c.critic_loss = CriticLoss::categorical;
         c.n_atoms = 11;
         c.v_min = -3.0;
         c.v_max = 3.0;
       },
       4984946640804599013u, 3},
      {"ensemble",
       [](SacConfig& c) {
         c.n_critics = 4;
         c.n_target_critics = 2;
         c.actor_reduce = ActorReduce::mean;
       },
       7246367287845496207u},
      {"no_backup_entropy", [](SacConfig& c) { c.backup_entropy = false; }, 13390365366575967894u},
      {"noise_repetition", [](SacConfig& c) { c.noise_repeat_max = 5; }, 4944750336189367107u},
      {"dropout",
       [](SacConfig& c) {
         c.norm_layer_critic = NormLayer::layer;
         c.dropout_rate = 0.1;
         c.actor_reduce = ActorReduce::mean;
       },
       15766009106438920740u},
      {"dropout_silu_quantile_mixture",
       [](SacConfig& c) {
         c.activation_fn = Activation::silu;
         c.dropout_rate = 0.3;
         c.critic_loss = CriticLoss::quantile;
         c.n_quantiles = 5;
         c.actor_components = 2;
       },
       12419023383641567301u},
      {"own_targets", [](SacConfig& c) { c.target_reduce = TargetReduce::own; }, 16777854281954813334u},
      {"mean_targets",
       [](SacConfig& c) {
         c.n_critics = 3;
         c.target_reduce = TargetReduce::mean;
         c.actor_reduce = ActorReduce::mean;
       },
       15048350908328294393u},
      {"quantile_mean",
       [](SacConfig& c) {
         c.critic_loss = CriticLoss::quantile;
         c.n_quantiles = 6;
         c.top_quantiles_to_drop_per_net = 0;
         c.target_reduce = TargetReduce::mean;
       },
       18398483458180361576u},
      {"categorical_own",
       [](SacConfig& c) {
         c.critic_loss = CriticLoss::categorical;
         c.n_atoms = 11;
         c.v_min = -3.0;
         c.v_max = 3.0;
         c.target_reduce = TargetReduce::own;
         c.actor_reduce = ActorReduce::mean;
       },
       4867900684834512207u},
      {"discrete_ensemble",
       [](SacConfig& c) {
         c.n_critics = 3;
         c.n_target_critics = 2;
         c.actor_reduce = ActorReduce::mean;
       },
       4257560795875899378u, 3},
      {"rms_norm", [](SacConfig& c) { c.norm_layer_actor = c.norm_layer_critic = NormLayer::rms; },
       234388081600609762u},
      {"batch_norm",
       [](SacConfig& c) {
         c.norm_layer_actor = c.norm_layer_critic = NormLayer::batch;
         c.norm_input = c.batch_norm_unbiased = true;
         c.joint_batch = JointBatch::both;
       },
       3506059981987963022u},
      {"batch_norm_alone", [](SacConfig& c) { c.norm_layer_critic = NormLayer::batch; }, 7380755256413983335u},
      {"crossq",
       [](SacConfig& c) {
         c.norm_layer_actor = c.norm_layer_critic = NormLayer::batch_renorm;
         c.norm_place = NormPlace::after_activation;
         c.norm_input = true;
         c.norm_eps = 1e-3;
         c.renorm_warmup_steps = 2;
         c.joint_batch = JointBatch::online;
         c.target_network = TargetNetwork::none;
       },
       15460825249340392255u},
      {"discrete_batch_norm",
       [](SacConfig& c) {
         c.norm_layer_actor = c.norm_layer_critic = NormLayer::batch;
         c.joint_batch = JointBatch::online;
         c.target_network = TargetNetwork::none;
       },
       6217781040642423224u, 3},
      {"discrete", [](SacConfig&) {}, 4589360335307390330u, 3},
      {"discrete_boltzmann", [](SacConfig& c) { c.discrete_policy = DiscretePolicy::boltzmann; }, 3020594981784273642u,
       3, false},
  };
}

}  // namespace softac::test

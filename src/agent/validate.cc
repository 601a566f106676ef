// Validation of the learner's settings: every violation at once, with key, value and what is allowed
// (softac/sac_settings.h).
#include <cmath>
#include <cstdint>
#include <limits>

#include "agent/reduce.h"
#include "agent/setting_checks.h"
#include "math/backend.h"
#include "nn/network.h"
#include "softac/error.h"

namespace softac {

void SettingChecks::check_range(const SettingInfo& info, double value, const std::string& text) {
  const bool low_ok = info.low_open ? value > info.low : value >= info.low;
  if (std::isfinite(value) && low_ok && value <= info.high) return;
  std::string out = text + ": must be ";
  if (std::isinf(info.low) && std::isinf(info.high)) return add(info.name, out + "finite");
  if (info.low == info.high) return add(info.name, out + number_text(info.low));
  if (!std::isinf(info.low)) out += (info.low_open ? "greater than " : "at least ") + number_text(info.low);
  if (!std::isinf(info.high))
    out += (std::isinf(info.low) ? "" : " and ") + std::string("at most ") + number_text(info.high);
  else if (!std::isfinite(value))
    out += " and finite";
  add(info.name, out);
}

namespace {

// Array positions and counts of an update are at most this, so that an int holds them.
constexpr double kMaxCount = std::numeric_limits<int>::max();

const std::vector<int>& widths(const std::vector<int>& own, const SacConfig& config) {
  return own.empty() ? config.net_arch : own;
}

int widest(const std::vector<int>& hidden) {
  return hidden.empty() ? 0 : *std::max_element(hidden.begin(), hidden.end());
}

double num_weights(double in, const std::vector<int>& hidden, double out) {
  double sum = 0.0;
  for (const int width : hidden) {
    sum += (in + 1.0) * width;
    in = width;
  }
  return sum + (in + 1.0) * out;
}

// Outputs and weights of the learner's networks, in doubles, which no product overflows.
struct Sizes {
  Sizes(const SacConfig& c, int obs_dim, int act_dim) {
    const bool discrete = c.num_actions > 0;
    const double a = act_dim, k = c.actor_components;
    actor_out = discrete ? c.num_actions : k == 1 ? 2 * a : k * (2 * a + 1);
    if (c.actor_covariance == ActorCovariance::full) actor_out += a * (a - 1.0) / 2.0;
    const int outputs = critic_outputs(c);
    critic_out = (discrete ? c.num_actions : 1.0) * outputs;
    target = double(c.n_target_actions) * (discrete ? c.num_actions : k) * c.n_critics *
             (outputs + (c.critic_loss == CriticLoss::categorical ? 16.0 : 1.0));
    actor = num_weights(obs_dim, widths(c.net_arch_actor, c), actor_out);
    critic = num_weights(obs_dim + (discrete ? 0.0 : a), widths(c.net_arch_critic, c), critic_out);
    value = c.variant == Variant::state_value ? num_weights(obs_dim, widths(c.net_arch_critic, c), 1) : 0.0;
    samples = discrete ? 0.0 : (1.0 + c.n_target_actions) * c.batch_size * k;
  }
  double actor_out, critic_out;     // columns
  double target;                    // values of a row's target, at most
  double actor, critic, value = 0;  // weights of one network
  double samples;                   // actions drawn for an update
};

// As settings files write it; of what no name belongs to its number, which another rule refuses.
template <class E>
std::string choice_text(E value) {
  const auto number = static_cast<std::size_t>(value);
  return number < std::size(EnumNames<E>::value) ? std::string(EnumNames<E>::value[number]) : std::to_string(number);
}

// Batch norms, joint batches and critics without targets.
void check_batch_norms(const SacConfig& c, SettingChecks& checks) {
  const bool actor = joins_rows(c.norm_layer_actor), critic = joins_rows(c.norm_layer_critic);
  const char* key = critic ? "norm_layer_critic" : "norm_layer_actor";
  const std::string name = choice_text(critic ? c.norm_layer_critic : c.norm_layer_actor);
  checks.rule(!(actor || critic) || c.batch_size >= 2, {"batch_size", key},
              std::to_string(c.batch_size) + ": must be at least 2 with " + key + " = \"" + name +
                  "\", whose variances are those of a batch");
  checks.rule(!c.norm_input || actor || critic, {"norm_input", "norm_layer_actor", "norm_layer_critic"},
              "true: needs norm_layer_actor or norm_layer_critic to be batch or batch_renorm");
  checks.rule(c.norm_place == NormPlace::before_activation || c.norm_layer_actor != NormLayer::none ||
                  c.norm_layer_critic != NormLayer::none,
              {"norm_place", "norm_layer_actor", "norm_layer_critic"},
              "after_activation: there is no norm to place; set norm_layer_actor or norm_layer_critic");
  checks.rule(c.target_network == TargetNetwork::polyak || c.joint_batch == JointBatch::online,
              {"target_network", "joint_batch"},
              "none: must be polyak unless joint_batch = \"online\", whose pass gives the values at s'");
  checks.rule(c.joint_batch == JointBatch::off || (c.n_target_actions == 1 && c.actor_components == 1),
              {"joint_batch", "n_target_actions", "actor_components"},
              "a joint batch holds one action for each s', here there are n_target_actions = " +
                  std::to_string(c.n_target_actions) + " times actor_components = " +
                  std::to_string(c.actor_components) + "; leave it at off or set both to 1");
  checks.rule(c.joint_batch == JointBatch::off || c.variant == Variant::sac, {"joint_batch", "variant"},
              "must be off with variant = \"state_value\", whose critics never see s'");
  checks.rule(!critic || c.variant == Variant::sac, {"norm_layer_critic", "variant"},
              name + ": must be none, layer or rms with variant = \"state_value\"");
  const bool alike = !critic && c.target_network == TargetNetwork::polyak;
  checks.rule(alike || c.dropout_rate == 0.0, {"dropout_rate", "norm_layer_critic", "target_network"},
              number_text(c.dropout_rate) + ": must be 0 with batch norms in the critics or target_network = \"none\"");
  checks.rule(alike || !draws_target_critics(c), {"n_target_critics", "norm_layer_critic", "target_network"},
              std::to_string(c.n_target_critics) +
                  ": must be 0 (all) with batch norms in the critics or target_network = \"none\"");
}

void check_continuous(const SacConfig& c, int act_dim, SettingChecks& checks) {
  checks.range("act_dim", act_dim, 1, kMaxActDim);
  checks.rule(c.discrete_policy == DiscretePolicy::softmax, {"discrete_policy"},
              "boltzmann: the environment's actions are continuous; leave it at softmax");
}

// Settings that say how actions are sampled mean nothing with discrete actions, and must not be taken silently.
void check_discrete(const SacConfig& c, int act_dim, SettingChecks& checks) {
  checks.range("act_dim", act_dim, 1, 1);
  const auto leave = [&](bool ok, const char* key, const std::string& value, const char* why) {
    checks.rule(ok, {key}, value + ": " + why);
  };
  leave(c.policy == PolicyKind::squashed_gaussian, "policy", "gaussian",
        "the policy of discrete actions is a softmax; leave it at squashed_gaussian");
  leave(c.actor_gradient == ActorGradient::reparameterised, "actor_gradient", "likelihood_ratio",
        "with discrete actions the actor's gradient is exact; leave it at reparameterised");
  leave(c.actor_components == 1, "actor_components", std::to_string(c.actor_components),
        "a softmax has as many modes as actions; leave it at 1");
  leave(c.actor_covariance == ActorCovariance::diagonal, "actor_covariance", "full",
        "a softmax has no covariance; leave it at diagonal");
  leave(c.noise_repeat_max == 1, "noise_repeat_max", std::to_string(c.noise_repeat_max),
        "the noise of discrete actions is not held; leave it at 1");
  leave(c.n_target_actions == 1, "n_target_actions", std::to_string(c.n_target_actions),
        "with discrete actions the target's expectation is exact; leave it at 1");
  leave(c.variant == Variant::sac, "variant", "state_value",
        "the value of a state is exact with discrete actions; leave it at sac");
  const bool half = c.target_entropy_rule == TargetEntropyRule::half;
  leave(!half && c.target_entropy_rule != TargetEntropyRule::sigma, "target_entropy",
        half ? "half" : "sigma_" + number_text(c.target_entropy),
        "an entropy of continuous actions; leave it at auto (½ log A), or set a number");
  checks.rule(c.discrete_policy == DiscretePolicy::softmax || c.ent_coef_auto || c.ent_coef > 0.0,
              {"discrete_policy", "ent_coef"}, "boltzmann: the Boltzmann policy needs a temperature, ent_coef above 0");
  const bool one_mode = !joins_rows(c.norm_layer_critic) && c.target_network == TargetNetwork::polyak;
  checks.rule(
      c.discrete_policy == DiscretePolicy::softmax || one_mode,
      {"discrete_policy", "norm_layer_critic", "target_network"},
      "boltzmann: the policy is the critics' own, which must have neither batch norms nor target_network = none");
}

void check_sizes(const SacConfig& c, int obs_dim, int act_dim, SettingChecks& checks) {
  for (const char* key :
       {"obs_dim", "act_dim", "num_actions", "net_arch", "net_arch_actor", "net_arch_critic", "batch_size", "n_critics",
        "n_target_actions", "actor_components", "variant", "critic_loss", "n_quantiles", "n_atoms"}) {
    if (checks.broken(key)) return;
  }
  const Sizes sizes(c, obs_dim, act_dim);
  const auto most = [&](double count, const char* key, const std::string& what) {
    if (count > kMaxCount && !checks.broken(key))
      checks.add(key, what + " are " + number_text(count) + ": must be at most 2147483647");
  };
  const double batch = c.batch_size, samples = sizes.samples;
  most(2.0 * batch * (double{1} * obs_dim + act_dim), "batch_size", "2·batch_size·(obs_dim + act_dim)");
  most(batch * sizes.target, "batch_size", "batch_size·(values of a target)");
  most((1.0 + c.n_target_actions) * batch * sizes.critic_out, "batch_size",
       "(1 + n_target_actions)·batch_size·(outputs of a critic)");
  if (c.num_actions > 0) most(2.0 * batch * c.num_actions, "batch_size", "2·batch_size·num_actions");
  most(samples * act_dim, "batch_size", "(1 + n_target_actions)·batch_size·actor_components·act_dim");
  most((1.0 + c.n_target_actions) * batch * sizes.actor_out, "batch_size",
       "(1 + n_target_actions)·batch_size·(outputs of the actor)");
  const auto own = [](const std::vector<int>& widths_of_one, const char* key) {
    return widths_of_one.empty() ? "net_arch" : key;
  };
  const char *actor_key = own(c.net_arch_actor, "net_arch_actor"),
             *critic_key = own(c.net_arch_critic, "net_arch_critic");
  most(batch * widest(widths(c.net_arch_actor, c)), actor_key, "batch_size times the actor's widest layer");
  most((joins_rows(c.norm_layer_critic) ? 2.0 : 1.0) * batch * widest(widths(c.net_arch_critic, c)), critic_key,
       "batch_size times the critics' widest layer");
  most(sizes.actor, actor_key, "the actor's weights");
  most(sizes.critic, critic_key, "a critic's weights");
}

// How several critics become one value: what critic_loss gives a meaning to.
void check_reduce(const SacConfig& c, SettingChecks& checks) {
  const auto name = [](auto value) { return choice_text(value); };
  const auto one_of = [](auto value, auto... allowed) { return ((value == allowed) || ...); };
  checks.rule(c.n_target_critics <= c.n_critics, {"n_target_critics", "n_critics"},
              std::to_string(c.n_target_critics) + ": must be at most n_critics = " + std::to_string(c.n_critics));
  using enum TargetReduce;
  const std::string target = name(c.target_reduce), loss = name(c.critic_loss);
  if (c.critic_loss == CriticLoss::mse) {
    checks.rule(one_of(c.target_reduce, automatic, min, mean, own), {"target_reduce", "critic_loss"},
                target + ": must be auto, min, mean or own with critic_loss = \"mse\"");
  } else if (c.critic_loss == CriticLoss::quantile) {
    checks.rule(one_of(c.target_reduce, automatic, truncated, mean), {"target_reduce", "critic_loss"},
                target + ": must be auto, truncated or mean with critic_loss = \"quantile\"");
    checks.rule(c.target_reduce != mean || c.top_quantiles_to_drop_per_net == 0,
                {"top_quantiles_to_drop_per_net", "target_reduce"},
                std::to_string(c.top_quantiles_to_drop_per_net) +
                    ": must be 0 with target_reduce = \"mean\", which leaves nothing out");
    checks.rule(c.actor_reduce != ActorReduce::min, {"actor_reduce", "critic_loss"},
                "min: must be auto or mean with critic_loss = \"quantile\"");
  } else {
    checks.rule(one_of(c.target_reduce, automatic, min, own), {"target_reduce", "critic_loss"},
                target + ": must be auto, min or own with critic_loss = \"categorical\"");
  }
  const bool some = c.n_target_critics > 0 && draws_target_critics(c);
  checks.rule(!some || c.target_reduce != own, {"n_target_critics", "target_reduce"},
              std::to_string(c.n_target_critics) + ": must be 0 with target_reduce = \"own\", where each of the " +
                  std::to_string(c.n_critics) + " critics has its own target");
  checks.rule(c.discrete_policy == DiscretePolicy::softmax || !some, {"n_target_critics", "discrete_policy"},
              std::to_string(c.n_target_critics) +
                  ": must be 0 with discrete_policy = \"boltzmann\", a policy made of all critics");
  checks.rule(c.variant == Variant::sac || c.backup_entropy, {"backup_entropy", "variant"},
              "false: must be true with variant = \"state_value\", whose targets hold no entropy term of their own");
  const bool bare = one_of(c.target_reduce, automatic, min) && c.n_target_critics == 0;
  checks.rule(
      c.variant == Variant::sac || bare, {c.n_target_critics > 0 ? "n_target_critics" : "target_reduce", "variant"},
      (c.n_target_critics > 0 ? std::to_string(c.n_target_critics) + ": must be 0" : target + ": must be auto") +
          " with variant = \"state_value\", whose targets bootstrap from no critic");
}

}  // namespace

void check_ranges(const SacConfig& config, SettingChecks& checks) {
  for_each_setting(config, checks);
  checks.range("num_streams", config.num_streams, 1, 65536);
  if (config.num_actions != 0) checks.range("num_actions", config.num_actions, 2, kMaxDiscreteActions);
}

void check_rules(const SacConfig& c, SettingChecks& checks) {
  check_reduce(c, checks);
  checks.rule(c.log_std_min < c.log_std_max, {"log_std_min", "log_std_max"},
              number_text(c.log_std_min) + ": must be below log_std_max = " + number_text(c.log_std_max));
  const auto own = [&](const char* key, double value, const char* common) {
    checks.rule(value >= 0.0 || value == -1.0, {key}, number_text(value) + ": must be at least 0, or -1 for " + common);
  };
  own("learning_rate_actor", c.learning_rate_actor, "learning_rate");
  own("learning_rate_critic", c.learning_rate_critic, "learning_rate");
  own("learning_rate_ent_coef", c.learning_rate_ent_coef, "learning_rate");
  own("adam_beta1_ent_coef", c.adam_beta1_ent_coef, "adam_beta1");
  checks.rule(
      c.variant == Variant::sac || c.n_target_actions == 1, {"n_target_actions", "variant"},
      std::to_string(c.n_target_actions) + ": must be 1 with variant = \"state_value\", whose targets draw no action");
  checks.rule(c.actor_gradient == ActorGradient::reparameterised || c.actor_components == 1,
              {"actor_gradient", "actor_components"},
              "likelihood_ratio: is for actor_components = 1, found " + std::to_string(c.actor_components) +
                  "; leave it at reparameterised for a mixture");
  checks.rule(c.actor_covariance == ActorCovariance::diagonal ||
                  (c.actor_components == 1 && c.actor_gradient == ActorGradient::reparameterised),
              {"actor_covariance", "actor_components", "actor_gradient"},
              "full: is for actor_components = 1 with actor_gradient = \"reparameterised\"");
  checks.rule(c.ent_coef_min < c.ent_coef_max, {"ent_coef_min", "ent_coef_max"},
              number_text(c.ent_coef_min) + ": must be below ent_coef_max = " + number_text(c.ent_coef_max));
  checks.rule(c.update_order == UpdateOrder::critic_first || c.variant == Variant::sac, {"update_order", "variant"},
              "actor_first: must be critic_first with variant = \"state_value\"");
  checks.rule(c.update_order == UpdateOrder::critic_first || c.discrete_policy == DiscretePolicy::softmax,
              {"update_order", "discrete_policy"},
              "actor_first: must be critic_first with discrete_policy = \"boltzmann\", which has no actor");
  checks.rule(c.kernel_init != WeightInit::zero, {"kernel_init"},
              "zero: hidden layers would all stay alike; zero is for head_init");
  check_batch_norms(c, checks);
  if (c.critic_loss == CriticLoss::mse) return;
  checks.rule(
      c.variant == Variant::sac, {"critic_loss", "variant"},
      choice_text(c.critic_loss) + ": must be mse with variant = \"state_value\", whose values are single numbers");
  if (c.critic_loss == CriticLoss::categorical) {
    checks.rule(c.v_min < c.v_max, {"v_min", "v_max"},
                number_text(c.v_min) + ": must be below v_max = " + number_text(c.v_max));
    return;
  }
  checks.rule(c.top_quantiles_to_drop_per_net < c.n_quantiles, {"top_quantiles_to_drop_per_net", "n_quantiles"},
              std::to_string(c.top_quantiles_to_drop_per_net) +
                  ": must be below n_quantiles = " + std::to_string(c.n_quantiles));
  checks.rule(
      std::int64_t{c.n_quantiles} * c.n_critics <= kMaxPooledQuantiles, {"n_quantiles", "n_critics"},
      std::to_string(c.n_quantiles) + ": times n_critics must be at most " + std::to_string(kMaxPooledQuantiles));
}

std::vector<SettingViolation> validate(const SacConfig& config) {
  SettingChecks checks;
  check_ranges(config, checks);
  check_rules(config, checks);
  return checks.take();
}

namespace {
void check_learner(const SacConfig& config, int obs_dim, int act_dim, SettingChecks& checks) {
  checks.range("obs_dim", obs_dim, 1, kMaxObsDim);
  check_ranges(config, checks);
  check_rules(config, checks);
  if (config.num_actions > 0) {
    check_discrete(config, act_dim, checks);
  } else {
    check_continuous(config, act_dim, checks);
  }
  checks.rule(config.learning_rate_schedule == LearningRateSchedule::constant || config.learning_rate_steps >= 1,
              {"learning_rate_steps", "learning_rate_schedule"},
              "0: a schedule needs the number of steps that it runs over, at least 1");
  checks.rule(!config.gamma_auto, {"gamma"},
              "auto: is found from the time limit of a run's environment; a learner alone needs a number");
  check_sizes(config, obs_dim, act_dim, checks);
}
}  // namespace

std::vector<SettingViolation> validate(const SacConfig& config, int obs_dim, int act_dim) {
  SettingChecks checks;
  check_learner(config, obs_dim, act_dim, checks);
  return checks.take();
}

void check_execution(int threads, const std::string& backend, SettingChecks& checks) {
  checks.range("threads", threads, 0, 4096);
  if (const std::string problem = backend_problem(backend); !problem.empty()) checks.add("backend", problem);
}

void check_agent(const SacConfig& config, int obs_dim, int act_dim, int threads, const std::string& backend,
                 SettingChecks& checks) {
  check_learner(config, obs_dim, act_dim, checks);
  check_execution(threads, backend, checks);
}

// Parameters with gradient, two moments, target and transposes; of each row the batch, and each layer's output and
// gradient, two of them for activations that keep their input too. A norm keeps three values more; critics with batch
// norms take both halves of the batch, their targets as well.
double learner_bytes(const SacConfig& c, int obs_dim, int act_dim, int threads) {
  const Sizes sizes(c, obs_dim, act_dim);
  const auto sum = [](const std::vector<int>& hidden) {
    double total = 0.0;
    for (const int width : hidden) total += width;
    return total;
  };
  const double actor_row = sum(widths(c.net_arch_actor, c)), critic_row = sum(widths(c.net_arch_critic, c));
  const double norms = c.norm_layer_critic == NormLayer::none ? 0.0 : 3.0 * critic_row * c.n_critics;
  const double halves = joins_rows(c.norm_layer_critic) ? 4.0 : 1.0;
  const double weights = 5.0 * sizes.actor + 6.0 * c.n_critics * sizes.critic + 5.0 * sizes.value;
  const double row = 2.0 * (obs_dim + act_dim) + 3.0 * sizes.actor_out + 2.0 * actor_row +
                     halves * (c.n_critics * (2.0 * critic_row + 2.0 * sizes.critic_out) + norms);
  const double scratch = 256.0 * threads * (actor_row + 2.0 * critic_row);
  return 4.0 *
         (weights + row * c.batch_size + sizes.samples * (4.0 * act_dim + 2.0) + sizes.target * c.batch_size + scratch);
}

void refuse(const std::vector<SettingViolation>& violations) {
  if (violations.empty()) return;
  std::string text = "settings that cannot be used:";
  for (const SettingViolation& violation : violations) text += "\n  " + violation.key + " = " + violation.message;
  throw ConfigError(text);
}

}  // namespace softac

#include "diag/learner_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/copy_tensors.h"
#include "base/elementary_scalar.h"
#include "diag/probe_values.h"
#include "softac/boltzmann_target.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr int kPassRows = 256;       // rows of a forward pass, at least
constexpr int kGradientDraws = 6;    // of the comparison of estimators
constexpr int kTargetStates = 8;     // whose Boltzmann targets are integrated
constexpr int kTargetSamples = 128;  // for log Z, and as many of the policy
constexpr int kTargetNodes = 256;    // of the quadrature, with one action dimension
constexpr double kSaturated = 0.99;  // |a| beyond
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

LearnerProbe::LearnerProbe(int obs_dim, int act_dim, const SacConfig& config, const std::string& backend)
    : config_(config),
      obs_dim_(obs_dim),
      act_dim_(act_dim),
      rows_(std::max(kPassRows, config.batch_size)),
      update_(obs_dim, act_dim, config, 0, 1, backend),
      acting_(update_.state(), update_.objective(), update_.backend(), obs_dim, act_dim),
      critics_(update_.state(), update_.objective(), update_.backend(), obs_dim, act_dim, config.num_actions) {
  update_.evaluate_only();
  const LearnerState<float>& state = update_.state();
  if (continuous() && config.actor_components == 1 && config.actor_covariance == ActorCovariance::diagonal)
    gradients_.emplace(act_dim, config, state.actor.size);
  critic_tape_ = state.critic_nets[0].make_tape(arena_, rows_);
  x_ = arena_.panels<float>(rows_, state.critic_nets[0].shape().in);
  for (const Network<float>& net : state.critic_nets)
    out_.push_back(make_outputs<float>(arena_, rows_, net.shape().out));
  for (const Network<float>& net : state.actor_nets) {
    actor_tape_ = net.make_tape(arena_, rows_);
    head_ = make_outputs<float>(arena_, rows_, net.shape().out);
  }
  value_.resize(rows_);
  carrier_.resize(rows_);
  chosen_.resize(rows_);
}

void LearnerProbe::copy(const std::vector<TensorRef>& from) {
  copy_tensors(from, update_.state().model_tensors());
  update_.parameters_changed();
}

bool LearnerProbe::act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
                       std::span<double> entropy) {
  bool finite = true;
  for (int first = 0; first < rows; first += rows_) {
    const int count = std::min(rows_, rows - first);
    acting_.sample(obs.subspan(first * obs_dim_, count * obs_dim_), count, RowNoise::shared(noise), update_.alpha());
    finite = acting_.choose(count, RowNoise::shared(noise), actions.subspan(first * act_dim_, count * act_dim_),
                            chosen_.data()) &&
             finite;
    const WeightedActions<float>& samples = acting_.samples();
    for (int r = 0; r < count; ++r) {
      const float log_pi = continuous() ? samples.log_pi[samples.at(r, chosen_[r])] : samples.mean_log_pi[r];
      entropy[first + r] = -static_cast<double>(log_pi);
    }
  }
  return finite;
}

void LearnerProbe::critic_pass(int count) {
  const LearnerState<float>& state = update_.state();
  for (std::size_t i = 0; i < out_.size(); ++i)
    state.critic_nets[i].forward(update_.backend().kernels(), state.critic_values(), x_.rows_from(0, count),
                                 critic_tape_, 0, out_[i].rows_from(0, count));
}

void LearnerProbe::values(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
                          std::span<double> q) {
  combined_.resize(rows);
  critics_.combined(obs, actions, rows, target, combined_);
  std::ranges::transform(combined_, q.begin(), [c = unit()](float value) { return c * static_cast<double>(value); });
}

void LearnerProbe::measure(std::uint64_t seed, std::int64_t number, std::vector<DiagnosticValue>& out) {
  measure_networks(out);
  if (!continuous()) return measure_discrete(out);
  Rng target_rng = diagnostic_rng(seed, DiagnosticStream::target, number);
  measure_policy(diagnostic_rng(seed, DiagnosticStream::policy, number), out);
  measure_target(target_rng, out);
  measure_gradients(diagnostic_rng(seed, DiagnosticStream::gradient, number), out);
}

// At the replayed states and actions.
void LearnerProbe::measure_networks(std::vector<DiagnosticValue>& out) {
  const LearnerState<float>& state = update_.state();
  const auto& kernels = update_.backend().kernels();
  update_.read_batch();
  const Panels<float> x = update_.input().rows_from(0, config_.batch_size);
  for (const Network<float>& net : state.actor_nets) {
    net.forward(kernels, state.actor_values(), x.first_cols(obs_dim_), actor_tape_, 0, head_.rows_from(0, x.rows));
    add_features("actor", net, actor_tape_, x.rows, true, out);
  }
  for (std::size_t i = 0; i < state.critic_nets.size(); ++i) {
    const Network<float>& net = state.critic_nets[i];
    net.forward(kernels, state.critic_values(), x.first_cols(net.shape().in), critic_tape_, 0,
                out_[i].rows_from(0, x.rows));
    add_features("critic_" + std::to_string(i), net, critic_tape_, x.rows, i == 0, out);
  }
}

// One action of the policy at each state, of a mixture one of each component by the weights (the smaller critic: of the
// last component): entropy, which critic is the smaller one there, and actions at the bounds.
void LearnerProbe::measure_policy(Rng noise, std::vector<DiagnosticValue>& out) {
  update_.state().noise = noise;
  update_.draw_noise();
  update_.sample_policy();
  update_.actor_terms();
  const WeightedActions<float>& samples = update_.samples();
  const int rows = config_.batch_size;
  const std::size_t critics = out_.size();
  update_.objective().actor_value({update_.critics().outs(), 0, 0}, 0, rows, value_.data(), carrier_.data());
  std::vector<double> entropy(rows), share(critics, 0.0);
  double saturated = 0.0;
  for (int b = 0; b < rows; ++b) {
    entropy[b] = -static_cast<double>(samples.mean_log_pi[b]);
    if (carrier_[b] >= 0) share[carrier_[b]] += 1.0;
    for (int k = 0; k < samples.num_actions; ++k) {
      const double weight = static_cast<double>(samples.weight[samples.at(b, k)]);
      for (int d = 0; d < act_dim_; ++d)
        saturated += std::fabs(static_cast<double>(samples.action_row(b, k)[d])) > kSaturated ? weight : 0.0;
    }
  }
  add_entropy(entropy, update_.target_entropy(), out);
  for (std::size_t i = 0; i < critics && carrier_[0] >= 0; ++i)
    out.push_back({"diag/min_share_" + std::to_string(i), share[i] / rows});
  out.push_back({"diag/saturated_actions", saturated / rows / act_dim_});
}

// KL(π ‖ exp(min Q/α)/Z), mean over the first states of the batch (E6).
void LearnerProbe::measure_target(Rng& rng, std::vector<DiagnosticValue>& out) {
  if (config_.policy != PolicyKind::squashed_gaussian) return;
  const double temperature = alpha();
  const int states = std::min(kTargetStates, config_.batch_size);
  const Panels<float> x = update_.batch().x;
  std::vector<float> obs, action;
  double kl = 0.0, squares = 0.0, effective = 0.0;
  for (int s = 0; s < states && temperature > 0.0; ++s) {
    const PolicyParameters at_s = update_.state().policy->parameters(update_.samples(), s);
    const ActionValues q = [&](std::span<const double> actions, std::span<double> values_at) {
      obs.clear();
      for (std::size_t i = 0; i < values_at.size(); ++i) {
        for (int c = 0; c < obs_dim_; ++c) obs.push_back(x.at(s, c));
      }
      action.assign(actions.begin(), actions.end());
      values(obs, action, static_cast<int>(values_at.size()), false, values_at);
    };
    const GaussianPolicyView policy{PolicyKind::squashed_gaussian, at_s.mu, at_s.log_std, at_s.log_weight, at_s.shear};
    const BoltzmannEstimate estimate = act_dim_ == 1
                                           ? boltzmann_by_quadrature(policy, q, temperature, kTargetNodes)
                                           : boltzmann_by_sampling(policy, q, temperature, kTargetSamples, rng);
    kl += estimate.kl / states;
    squares += estimate.kl_error * estimate.kl_error;
    effective += estimate.effective_samples / states;
  }
  const bool any = temperature > 0.0;
  out.push_back({"diag/kl", any ? kl : kNone});
  out.push_back({"diag/kl_error", any ? std::sqrt(squares) / states : kNone});
  if (act_dim_ > 1) out.push_back({"diag/kl_effective_samples", any ? effective : kNone});
}

void LearnerProbe::measure_gradients(const Rng& noise, std::vector<DiagnosticValue>& out) {
  if (!gradients_) return;  // the likelihood ratio is the single diagonal Gaussian's
  const GradientComparison found = gradients_->compare(update_, noise, kGradientDraws);
  out.push_back({"diag/grad_variance_ratio", found.variance_ratio[0]});
  out.push_back({"diag/grad_variance_ratio_baseline", found.variance_ratio[1]});
  out.push_back({"diag/grad_z", found.z[0]});
  out.push_back({"diag/grad_z_baseline", found.z[1]});
}

// KL(π ‖ softmax(min Q/α)) = Σ π (log π − min Q/α) + log Z, exactly.
void LearnerProbe::measure_discrete(std::vector<DiagnosticValue>& out) {
  const int rows = config_.batch_size, actions = config_.num_actions, outputs = update_.objective().num_outputs();
  const Panels<float> x = update_.batch().x;
  std::vector<float> obs;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < obs_dim_; ++c) {
      obs.push_back(x.at(r, c));
      x_.at(r, c) = update_.input().at(r, c);
    }
  }
  acting_.sample(obs, rows, {}, update_.alpha());
  critic_pass(rows);
  const WeightedActions<float>& samples = acting_.samples();
  std::vector<double> entropy(rows), share(out_.size(), 0.0), q(rows * actions);
  bool carried = true;
  for (int a = 0; a < actions; ++a) {
    update_.objective().actor_value({out_, 0, a * outputs}, 0, rows, value_.data(), carrier_.data());
    for (int r = 0; r < rows; ++r) {
      q[r * actions + a] = unit() * static_cast<double>(value_[r]);
      carried = carrier_[r] >= 0;
      if (carried) share[carrier_[r]] += static_cast<double>(samples.weight[samples.at(r, a)]);
    }
  }
  const double temperature = alpha();
  double kl = 0.0;
  for (int r = 0; r < rows; ++r) {
    entropy[r] = -static_cast<double>(samples.mean_log_pi[r]);
    if (!(temperature > 0.0)) continue;
    const auto row = std::span(q).subspan(r * actions, actions);
    const double most = std::ranges::max(row);
    double mean_q = 0.0, z = 0.0;
    for (int a = 0; a < actions; ++a) {
      mean_q += static_cast<double>(samples.weight[samples.at(r, a)]) * row[a];
      z += exp_of((row[a] - most) / temperature);
    }
    kl += (-entropy[r] - mean_q / temperature + most / temperature + log_of(z)) / rows;
  }
  add_entropy(entropy, update_.target_entropy(), out);
  for (std::size_t i = 0; i < share.size() && carried; ++i)
    out.push_back({"diag/min_share_" + std::to_string(i), share[i] / rows});
  out.push_back({"diag/kl", temperature > 0.0 ? kl : kNone});
}

}  // namespace softac

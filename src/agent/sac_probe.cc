#include "agent/sac_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/probe_values.h"

namespace softac {
namespace {

constexpr int kPassRows = 256;       // rows of a forward pass
constexpr int kGradientDraws = 6;    // of the comparison of estimators
constexpr int kTargetStates = 8;     // whose Boltzmann targets are integrated
constexpr int kTargetSamples = 128;  // for log Z, and as many of the policy
constexpr int kTargetNodes = 256;    // of the quadrature, with one action dimension
constexpr double kSaturated = 0.99;  // |a| beyond
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

SacProbe::SacProbe(int obs_dim, int act_dim, const SacConfig& config, const std::string& backend)
    : config_(config),
      obs_dim_(obs_dim),
      act_dim_(act_dim),
      sac_(obs_dim, act_dim, config, 0, 1, backend),
      gradients_(sac_.state().actor.size),
      actor_tape_(sac_.state().actor_net.net().make_tape(arena_, std::max(kPassRows, config.batch_size))),
      critic_tape_(sac_.state().critic_nets[0].make_tape(arena_, std::max(kPassRows, config.batch_size))),
      samples_(sac_.state().actor_net.make_samples(arena_, kPassRows)),
      x_(arena_.panels<float>(kPassRows, obs_dim + act_dim)),
      head_(arena_.panels<float>(std::max(kPassRows, config.batch_size), samples_.head.cols)),
      q_(static_cast<std::size_t>(std::max(kPassRows, config.batch_size))) {}

void SacProbe::copy(std::vector<TensorRef> model_tensors) {
  assign(model_tensors, sac_.state().model_tensors());
  sac_.parameters_changed();
}

bool SacProbe::act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
                   std::span<double> entropy) {
  const SacState<float>& state = sac_.state();
  bool finite = true;
  for (int first = 0; first < rows; first += kPassRows) {
    const int count = std::min(kPassRows, rows - first);
    for (int r = 0; r < count; ++r) {
      for (int c = 0; c < obs_dim_; ++c) x_.at(r, c) = obs[static_cast<std::size_t>((first + r) * obs_dim_ + c)];
      for (int k = 0; k < act_dim_; ++k) {
        const auto eps = static_cast<float>(noise.normal());
        for (int part = 0; part < samples_.components; ++part) samples_.eps[samples_.at(r, part) * act_dim_ + k] = eps;
      }
    }
    state.actor_net.forward(sac_.backend().kernels(), state.actor.value, x_.rows_from(0, count).first_cols(obs_dim_),
                            actor_tape_, 0, samples_, 0);
    for (int r = 0; r < count; ++r) {
      const int part = samples_.components == 1
                           ? 0
                           : component_at(samples_.weight + r, samples_.rows, samples_.components, noise.uniform());
      for (int k = 0; k < act_dim_; ++k) {
        const float action = samples_.action_row(r, part)[k];
        finite = finite && std::isfinite(action);
        actions[static_cast<std::size_t>((first + r) * act_dim_ + k)] = action;
      }
      entropy[static_cast<std::size_t>(first + r)] = -static_cast<double>(samples_.part_log_pi[samples_.at(r, part)]);
    }
  }
  return finite;
}

void SacProbe::min_q(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
                     std::span<double> q) {
  const SacState<float>& state = sac_.state();
  const float* params = target && state.critic_target ? state.critic_target : state.critic.value;
  for (int first = 0; first < rows; first += kPassRows) {
    const int count = std::min(kPassRows, rows - first);
    for (int r = 0; r < count; ++r) {
      for (int c = 0; c < obs_dim_; ++c) x_.at(r, c) = obs[static_cast<std::size_t>((first + r) * obs_dim_ + c)];
      for (int k = 0; k < act_dim_; ++k)
        x_.at(r, obs_dim_ + k) = actions[static_cast<std::size_t>((first + r) * act_dim_ + k)];
    }
    for (std::size_t i = 0; i < state.critic_nets.size(); ++i) {
      state.critic_nets[i].forward(sac_.backend().kernels(), params, x_.rows_from(0, count), critic_tape_, 0,
                                   q_.data());
      for (int r = 0; r < count; ++r) {
        double& least = q[static_cast<std::size_t>(first + r)];
        const auto value = static_cast<double>(q_[static_cast<std::size_t>(r)]);
        least = i == 0 || value < least ? value : least;
      }
    }
  }
}

void SacProbe::measure(std::uint64_t seed, std::int64_t number, std::vector<DiagnosticValue>& out) {
  Rng target_rng = diagnostic_rng(seed, DiagnosticStream::target, number);
  measure_networks(out);
  measure_policy(diagnostic_rng(seed, DiagnosticStream::policy, number), out);
  measure_target(target_rng, out);
  measure_gradients(diagnostic_rng(seed, DiagnosticStream::gradient, number), out);
}

// At the replayed states and actions.
void SacProbe::measure_networks(std::vector<DiagnosticValue>& out) {
  SacState<float>& state = sac_.state();
  const auto& kernels = sac_.backend().kernels();
  const Panels<float> x = sac_.batch().x.rows_from(0, config_.batch_size);
  state.actor_net.net().forward(kernels, state.actor.value, x.first_cols(obs_dim_), actor_tape_, 0,
                                head_.rows_from(0, x.rows));
  add_features("actor", actor_tape_, x.rows, config_.activation_fn, true, out);
  for (std::size_t i = 0; i < state.critic_nets.size(); ++i) {
    state.critic_nets[i].forward(kernels, state.critic.value, x, critic_tape_, 0, q_.data());
    add_features("critic_" + std::to_string(i), critic_tape_, x.rows, config_.activation_fn, i == 0, out);
  }
}

// One action of the policy at each state, of a mixture one of each component by the weights (the smaller critic: of the
// last component): entropy, which critic is the smaller one there, and actions at the bounds.
void SacProbe::measure_policy(Rng noise, std::vector<DiagnosticValue>& out) {
  sac_.state().noise = noise;
  sac_.draw_noise();
  sac_.sample_policy();
  sac_.actor_forward();
  const PolicySamples<float>& samples = sac_.samples();
  const std::size_t rows = static_cast<std::size_t>(config_.batch_size), critics = sac_.state().critic_nets.size();
  std::vector<double> entropy(rows), share(critics, 0.0);
  double saturated = 0.0;
  for (std::size_t b = 0; b < rows; ++b) {
    entropy[b] = -static_cast<double>(samples.log_pi[b]);
    std::size_t least = 0;
    for (std::size_t i = 1; i < critics; ++i)
      least = sac_.q(static_cast<int>(i))[b] < sac_.q(static_cast<int>(least))[b] ? i : least;
    share[least] += 1.0;
    for (int part = 0; part < samples.components; ++part) {
      const int row = static_cast<int>(b);
      const double weight = samples.components == 1 ? 1.0 : static_cast<double>(samples.weight[samples.at(row, part)]);
      for (int k = 0; k < act_dim_; ++k)
        saturated += std::fabs(static_cast<double>(samples.action_row(row, part)[k])) > kSaturated ? weight : 0.0;
    }
  }
  add_entropy(entropy, config_.target_entropy_auto ? -act_dim_ : config_.target_entropy, out);
  for (std::size_t i = 0; i < critics; ++i)
    out.push_back({"diag/min_share_" + std::to_string(i), share[i] / static_cast<double>(rows)});
  out.push_back({"diag/saturated_actions", saturated / static_cast<double>(rows) / act_dim_});
}

// KL(π ‖ exp(min Q/α)/Z), mean over the first states of the batch (E6).
void SacProbe::measure_target(Rng& rng, std::vector<DiagnosticValue>& out) {
  if (config_.policy != PolicyKind::squashed_gaussian) return;
  const double temperature = alpha();
  const int states = std::min(kTargetStates, config_.batch_size);
  const PolicySamples<float>& samples = sac_.samples();
  const auto act_dim = static_cast<std::size_t>(act_dim_);
  const Actor<float>& actor = sac_.state().actor_net;
  const auto components = static_cast<std::size_t>(actor.components());
  std::vector<float> head_weight(components), head_mu(components * act_dim), head_log_std(head_mu.size());
  std::vector<float> obs, action;
  double kl = 0.0, squares = 0.0, effective = 0.0;
  for (int s = 0; s < states && temperature > 0.0; ++s) {
    actor.mixture().parameters(samples.head, s, head_weight.data(), head_mu.data(), head_log_std.data());
    const std::vector<double> log_weight(head_weight.begin(), head_weight.end()), mu(head_mu.begin(), head_mu.end()),
        log_std(head_log_std.begin(), head_log_std.end());
    const ActionValues q = [&](std::span<const double> actions, std::span<double> values) {
      obs.clear();
      for (std::size_t i = 0; i < values.size(); ++i) {
        for (int c = 0; c < obs_dim_; ++c) obs.push_back(sac_.batch().x.at(s, c));
      }
      action.assign(actions.begin(), actions.end());
      min_q(obs, action, static_cast<int>(values.size()), false, values);
    };
    const GaussianPolicy policy{PolicyKind::squashed_gaussian, mu, log_std, log_weight};
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

void SacProbe::measure_gradients(const Rng& noise, std::vector<DiagnosticValue>& out) {
  if (config_.actor_components > 1) return;  // the likelihood ratio is the single Gaussian's
  const GradientComparison found = gradients_.compare(sac_, noise, kGradientDraws);
  out.push_back({"diag/grad_variance_ratio", found.variance_ratio[0]});
  out.push_back({"diag/grad_variance_ratio_baseline", found.variance_ratio[1]});
  out.push_back({"diag/grad_z", found.z[0]});
  out.push_back({"diag/grad_z_baseline", found.z[1]});
}

}  // namespace softac

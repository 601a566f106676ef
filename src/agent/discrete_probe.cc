#include "agent/discrete_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/probe_values.h"
#include "base/elementary_scalar.h"

namespace softac {
namespace {

constexpr int kRows = 256;  // of a forward pass, at least

// −p log p, 0 at p = 0.
double surprise(float p) {
  return p > 0.0f ? -static_cast<double>(p) * log_of(static_cast<double>(p)) : 0.0;
}

}  // namespace

DiscreteProbe::DiscreteProbe(int obs_dim, const SacConfig& config, const std::string& backend)
    : config_(config),
      obs_dim_(obs_dim),
      num_actions_(config.num_actions),
      block_(std::max(kRows, config.batch_size)),
      sac_(obs_dim, config, 0, 1, backend),
      critic_tape_(sac_.state().critic_nets[0].make_tape(arena_, block_)),
      x_(arena_.panels<float>(block_, obs_dim)),
      out_(arena_.panels<float>(block_, num_actions_)) {
  if (sac_.state().actor_net) tape_ = sac_.state().actor_net->make_tape(arena_, block_);
}

void DiscreteProbe::copy(std::vector<TensorRef> model_tensors) {
  assign(model_tensors, sac_.state().model_tensors());
  sac_.parameters_changed();
}

bool DiscreteProbe::act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
                        std::span<double> entropy) {
  const auto num = static_cast<std::size_t>(num_actions_), obs_dim = static_cast<std::size_t>(obs_dim_);
  pi_.resize(static_cast<std::size_t>(rows) * num);
  sac_.probabilities(obs, rows, pi_);
  bool finite = true;
  for (std::size_t r = 0; r < entropy.size(); ++r) {
    entropy[r] = 0.0;
    for (std::size_t a = 0; a < num; ++a) entropy[r] += surprise(pi_[r * num + a]);
    finite =
        sac_.act(obs.subspan(r * obs_dim, obs_dim), 1, false, std::span(&noise, 1), actions.subspan(r, 1)) && finite;
  }
  return finite;
}

void DiscreteProbe::set_rows(std::span<const float> obs, int first, int count) {
  for (int r = 0; r < count; ++r) {
    for (int c = 0; c < obs_dim_; ++c) x_.at(r, c) = obs[static_cast<std::size_t>((first + r) * obs_dim_ + c)];
  }
}

void DiscreteProbe::all_q(int rows, bool target, std::vector<double>& out) {
  const DiscreteState<float>& state = sac_.state();
  out.clear();
  for (const Mlp<float>& net : state.critic_nets) {
    net.forward(sac_.backend().kernels(), target ? state.critic_target : state.critic.value, x_.rows_from(0, rows),
                critic_tape_, 0, out_);
    for (int r = 0; r < rows; ++r) {
      for (int a = 0; a < num_actions_; ++a) out.push_back(static_cast<double>(out_.at(r, a)));
    }
  }
}

void DiscreteProbe::min_q(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
                          std::span<double> q) {
  std::vector<double> all;
  for (int first = 0; first < rows; first += block_) {
    const int count = std::min(block_, rows - first);
    set_rows(obs, first, count);
    all_q(count, target, all);
    for (int r = 0; r < count; ++r) {
      const int action = DiscreteSac<float>::decode(actions[static_cast<std::size_t>(first + r)], num_actions_);
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t i = static_cast<std::size_t>(r * num_actions_ + action); i < all.size();
           i += static_cast<std::size_t>(count * num_actions_))
        least = std::min(least, all[i]);
      q[static_cast<std::size_t>(first + r)] = least;
    }
  }
}

void DiscreteProbe::measure(std::uint64_t, std::int64_t, std::vector<DiagnosticValue>& out) {
  DiscreteState<float>& state = sac_.state();
  const int rows = config_.batch_size;
  const auto count = static_cast<std::size_t>(rows), num = static_cast<std::size_t>(num_actions_),
             critics = state.critic_nets.size();
  std::vector<float> obs;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < obs_dim_; ++c) obs.push_back(sac_.batch().x.at(r, c));
  }
  set_rows(obs, 0, rows);
  const auto& kernels = sac_.backend().kernels();
  if (state.actor_net) {
    state.actor_net->forward(kernels, state.actor.value, x_.rows_from(0, rows), tape_, 0, out_);
    add_features("actor", tape_, rows, config_.activation_fn, true, out);
  }
  for (std::size_t i = 0; i < critics; ++i) {
    state.critic_nets[i].forward(kernels, state.critic.value, x_.rows_from(0, rows), critic_tape_, 0, out_);
    add_features("critic_" + std::to_string(i), critic_tape_, rows, config_.activation_fn, i == 0, out);
  }

  pi_.resize(count * num);
  sac_.probabilities(obs, rows, pi_);
  std::vector<double> all, entropy(count, 0.0), share(critics, 0.0);
  all_q(rows, false, all);
  // KL(π ‖ softmax(min Q/α)) = Σ π (log π − min Q/α) + log Z, exactly.
  const double temperature = alpha();
  double kl = 0.0;
  for (std::size_t r = 0; r < count; ++r) {
    double most = -std::numeric_limits<double>::infinity(), mean_q = 0.0;
    std::vector<double> least(num);
    for (std::size_t a = 0; a < num; ++a) {
      const auto at = [&](std::size_t i) { return all[(i * count + r) * num + a]; };
      std::size_t smallest = 0;
      for (std::size_t i = 1; i < critics; ++i) smallest = at(i) < at(smallest) ? i : smallest;
      const auto p = static_cast<double>(pi_[r * num + a]);
      share[smallest] += p;
      least[a] = at(smallest);
      most = std::max(most, least[a]);
      mean_q += p * least[a];
      entropy[r] += surprise(pi_[r * num + a]);
    }
    if (!(temperature > 0.0)) continue;
    double z = 0.0;
    for (const double q : least) z += exp_of((q - most) / temperature);
    kl += (-entropy[r] - mean_q / temperature + most / temperature + log_of(z)) / rows;
  }
  add_entropy(entropy, sac_.target_entropy(), out);
  for (std::size_t i = 0; i < critics; ++i)
    out.push_back({"diag/min_share_" + std::to_string(i), share[i] / static_cast<double>(rows)});
  out.push_back({"diag/kl", temperature > 0.0 ? kl : std::numeric_limits<double>::quiet_NaN()});
}

}  // namespace softac

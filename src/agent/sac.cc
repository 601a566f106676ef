#include "agent/sac.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/elementary.h"
#include "math/lane_tree.h"
#include "nn/adam.h"
#include "softac/error.h"

namespace softac {

template <class T>
Sac<T>::Sac(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads,
            const std::string& backend)
    : config_(config),
      obs_dim_(obs_dim),
      act_dim_(act_dim),
      rows_(config.batch_size),
      backend_(backend, threads),
      state_(obs_dim, act_dim, config, seed),
      samples_(state_.actor_net.make_samples(arena_, 2 * rows_)),
      actor_tape_(state_.actor_net.net().make_tape(arena_, 2 * rows_)),
      target_tape_(state_.critic_nets[0].make_tape(arena_, 2 * rows_)),
      grouped_tape_(state_.critic_nets[0].make_tape(arena_, rows_)),
      actor_transposes_(state_.actor_net.net().make_transposes(arena_, 0, 0)) {
  const auto rows = static_cast<std::size_t>(rows_);
  batch_ = {arena_.panels<T>(2 * rows_, obs_dim + act_dim),
            arena_.take<T>(rows),
            arena_.take<T>(rows),
            rows_,
            obs_dim,
            act_dim};
  for (const Mlp<T>& net : state_.critic_nets) {
    critic_tapes_.push_back(net.make_tape(arena_, rows_));
    critic_transposes_.push_back(net.make_transposes(arena_, obs_dim, act_dim));
    q_.push_back(arena_.take<T>(rows));
    q_target_.push_back(arena_.take<T>(2 * rows));
  }
  const int widest = std::max(state_.actor_net.net().widest(), state_.critic_nets[0].widest());
  d_h_[0] = arena_.panels<T>(rows_, widest);
  d_h_[1] = arena_.panels<T>(rows_, widest);
  d_head_ = arena_.panels<T>(rows_, 2 * act_dim);
  d_grouped_action_ = arena_.panels<T>(rows_, act_dim);
  d_action_ = arena_.take<T>(rows * static_cast<std::size_t>(samples_.width));
  y_ = arena_.take<T>(rows);
  d_q_ = arena_.take<T>(rows);
  work_ = arena_.take<T>(rows);
  row_of_group_.resize(rows);
  min_critic_.resize(rows);
  group_start_.resize(state_.critic_nets.size() + 1);
}

// E14: sample → critic → actor → temperature → target. The α of E8 and E9 is the one before this update's temperature
// step. The targets depend on the critics alone, so their step is taken in the same pass as the critics'.
template <class T>
UpdateMetrics Sac<T>::update_with_noise() {
  UpdateMetrics metrics;
  metrics.ent_coef = static_cast<double>(alpha());
  const bool actor_due = state_.num_updates % config_.policy_delay == 0;

  sample_policy(actor_due);
  compute_targets();
  metrics.finite = critic_step(metrics);
  if (actor_due) {
    metrics.finite = actor_step(metrics) && metrics.finite;
    metrics.finite = temperature_step(metrics) && metrics.finite;
    ++state_.num_actor_updates;
  }
  ++state_.num_updates;
  metrics.finite = metrics.finite && std::isfinite(metrics.critic_loss) && std::isfinite(metrics.actor_loss) &&
                   std::isfinite(metrics.ent_coef_loss);
  return metrics;
}

template <class T>
void Sac<T>::draw_noise() {
  Rng& rng = state_.noise;
  const std::uint64_t block = rng.align_to_block();
  const std::uint64_t used =
      backend_.fill_normal(rng.seed(), rng.stream(), block, samples_.eps, std::int64_t{2} * rows_ * act_dim_);
  rng.set_position((block + used) * 4);
}

template <class T>
void Sac<T>::sample_policy(bool both) {
  const int first = both ? 0 : rows_;
  state_.actor_net.forward(backend_, state_.actor.value, batch_.x.first_cols(obs_dim_), actor_tape_, samples_, first,
                           2 * rows_ - first);
}

// Copies the sampled actions of a row range into the action columns of x.
template <class T>
void Sac<T>::write_actions(int first_row, int count) {
  for (int r = first_row; r < first_row + count; ++r) {
    const T* action = samples_.action_row(r);
    for (int k = 0; k < act_dim_; ++k) batch_.x.at(r, obs_dim_ + k) = action[k];
  }
}

// y = r + discount · (min_j Q_θ̄j(s', a') − α log π(a'|s'))
template <class T>
void Sac<T>::compute_targets() {
  write_actions(rows_, rows_);
  for (std::size_t j = 0; j < q_target_.size(); ++j) {
    state_.critic_nets[j].forward(backend_, state_.critic_target, batch_.x, target_tape_, q_target_[j], rows_, rows_);
  }
  const T alpha_now = alpha();
  for (int b = 0; b < rows_; ++b) {
    T least = q_target_[0][rows_ + b];
    for (std::size_t j = 1; j < q_target_.size(); ++j)
      least = least <= q_target_[j][rows_ + b] ? least : q_target_[j][rows_ + b];
    y_[b] = std::fma(batch_.discount[b], std::fma(-alpha_now, samples_.log_pi[rows_ + b], least), batch_.reward[b]);
  }
}

template <class T>
T Sac<T>::mean(const T* x) const {
  return lane_sum(x, rows_) / static_cast<T>(rows_);
}

template <class T>
void Sac<T>::refresh_critic_transposes() {
  if (critic_transposes_fresh_) return;
  for (std::size_t i = 0; i < critic_transposes_.size(); ++i) {
    state_.critic_nets[i].transpose(backend_, state_.critic.value, critic_transposes_[i]);
  }
  critic_transposes_fresh_ = true;
}

// J_Q(θ_i) = mean (Q_i − y)²,  d_Q = (2/B)(Q_i − y)
template <class T>
double Sac<T>::critic_gradients() {
  refresh_critic_transposes();
  const T scale = T(2) / static_cast<T>(rows_);
  double loss = 0.0;
  for (std::size_t i = 0; i < q_.size(); ++i) {
    const Mlp<T>& net = state_.critic_nets[i];
    net.forward(backend_, state_.critic.value, batch_.x, critic_tapes_[i], q_[i], 0, rows_);
    for (int b = 0; b < rows_; ++b) {
      const T error = q_[i][b] - y_[b];
      work_[b] = error * error;
      d_q_[b] = scale * error;
    }
    loss += static_cast<double>(mean(work_));
    net.backward(backend_, state_.critic.value, batch_.x, critic_tapes_[i], critic_transposes_[i], d_q_,
                 state_.critic.grad, d_h_, rows_);
  }
  return loss;
}

// Clipping by the global norm of one network's gradient, as torch.nn.utils.clip_grad_norm_.
template <class T>
double Sac<T>::clip_factor(const Params<T>& params, double& norm) {
  if (config_.max_grad_norm <= 0.0) return 1.0;
  norm = std::sqrt(backend_.sum_squares(params.grad, params.size));
  return std::min(1.0, config_.max_grad_norm / (norm + 1e-6));
}

// own_rate: the network's own learning rate, or negative for the common one.
template <class T>
AdamSettings Sac<T>::adam_settings(double own_rate) const {
  return {own_rate < 0 ? config_.learning_rate : own_rate, config_.adam_beta1, config_.adam_beta2, config_.adam_eps};
}

template <class T>
bool Sac<T>::critic_step(UpdateMetrics& metrics) {
  metrics.critic_loss = 0.5 * critic_gradients();
  metrics.q_mean = static_cast<double>(mean(q_[0]));
  metrics.target_mean = static_cast<double>(mean(y_));
  const double clip = clip_factor(state_.critic, metrics.critic_grad_norm);
  const bool target_due = (state_.num_updates + 1) % config_.target_update_interval == 0;
  const AdamSettings settings = adam_settings(config_.learning_rate_critic);
  critic_transposes_fresh_ = false;
  return backend_.adam(adam_step(settings, state_.critic, state_.num_updates + 1, clip,
                                 target_due ? state_.critic_target : nullptr, config_.tau));
}

// Orders the rows by their minimising critic (ties: the first) and copies what act' needs of each row's own critic.
template <class T>
void Sac<T>::group_rows_by_min_critic() {
  const int num_critics = static_cast<int>(q_.size());
  std::fill(group_start_.begin(), group_start_.end(), 0);
  for (int b = 0; b < rows_; ++b) {
    int least = 0;
    for (int i = 1; i < num_critics; ++i) {
      if (!(q_[static_cast<std::size_t>(least)][b] <= q_[static_cast<std::size_t>(i)][b])) least = i;
    }
    min_critic_[static_cast<std::size_t>(b)] = least;
    ++group_start_[static_cast<std::size_t>(least) + 1];
  }
  for (std::size_t i = 1; i < group_start_.size(); ++i) group_start_[i] += group_start_[i - 1];
  for (int i = 0; i < num_critics; ++i) {
    int at = group_start_[static_cast<std::size_t>(i)];
    for (int b = 0; b < rows_; ++b) {
      if (min_critic_[static_cast<std::size_t>(b)] == i) row_of_group_[static_cast<std::size_t>(at++)] = b;
    }
  }
  for (std::size_t l = 0; l < grouped_tape_.y.size(); ++l) {
    const Panels<T>& to = grouped_tape_.saved(l);
    for (int p = 0; p < num_panels(to.cols); ++p) {
      for (int g = 0; g < rows_; ++g) {
        const int row = row_of_group_[static_cast<std::size_t>(g)];
        const auto critic = static_cast<std::size_t>(min_critic_[static_cast<std::size_t>(row)]);
        std::memcpy(to.panel(p) + std::ptrdiff_t{g} * kLanes,
                    critic_tapes_[critic].saved(l).panel(p) + std::ptrdiff_t{row} * kLanes, kLanes * sizeof(T));
      }
    }
  }
}

// J_π = mean[ α log π(a|s) − min_i Q_i(s, a) ], a = f_φ(ε; s);  d_Q = −1/B for the minimising critic, d_log_pi = α/B
template <class T>
double Sac<T>::actor_gradients() {
  write_actions(0, rows_);
  for (std::size_t i = 0; i < q_.size(); ++i) {
    state_.critic_nets[i].forward(backend_, state_.critic.value, batch_.x, critic_tapes_[i], q_[i], 0, rows_);
  }
  group_rows_by_min_critic();
  const T alpha_now = alpha();
  for (int b = 0; b < rows_; ++b) {
    work_[b] = std::fma(alpha_now, samples_.log_pi[b],
                        -q_[static_cast<std::size_t>(min_critic_[static_cast<std::size_t>(b)])][b]);
    d_q_[b] = T(-1) / static_cast<T>(rows_);
  }
  refresh_critic_transposes();
  for (std::size_t i = 0; i < q_.size(); ++i) {
    const int first = group_start_[i], count = group_start_[i + 1] - first;
    if (count == 0) continue;
    state_.critic_nets[i].backward_input(backend_, state_.critic.value, grouped_tape_, critic_transposes_[i], d_q_,
                                         d_grouped_action_, d_h_, first, count);
  }
  for (int g = 0; g < rows_; ++g) {
    T* row = d_action_ + std::ptrdiff_t{row_of_group_[static_cast<std::size_t>(g)]} * samples_.width;
    for (int p = 0; p < num_panels(act_dim_); ++p) {
      std::memcpy(row + p * kLanes, d_grouped_action_.panel(p) + std::ptrdiff_t{g} * kLanes, kLanes * sizeof(T));
    }
  }
  if (!actor_transposes_fresh_) {
    state_.actor_net.net().transpose(backend_, state_.actor.value, actor_transposes_);
    actor_transposes_fresh_ = true;
  }
  state_.actor_net.backward(backend_, state_.actor.value, batch_.x.first_cols(obs_dim_), actor_tape_, actor_transposes_,
                            samples_, d_action_, alpha_now / static_cast<T>(rows_), d_head_, state_.actor.grad, d_h_,
                            rows_);
  return static_cast<double>(mean(work_));
}

template <class T>
bool Sac<T>::actor_step(UpdateMetrics& metrics) {
  metrics.actor_loss = actor_gradients();
  const double clip = clip_factor(state_.actor, metrics.actor_grad_norm);
  const AdamSettings settings = adam_settings(config_.learning_rate_actor);
  actor_transposes_fresh_ = false;
  return backend_.adam(adam_step<T>(settings, state_.actor, state_.num_actor_updates + 1, clip, nullptr, 0.0));
}

// J(α) = mean[ −α (log π + H̄) ],  dJ/d log α = −α · mean[log π + H̄]  (or −mean[…] for the form linear in log α)
template <class T>
bool Sac<T>::temperature_step(UpdateMetrics& metrics) {
  const T mean_log_pi = mean(samples_.log_pi);
  metrics.entropy = -static_cast<double>(mean_log_pi);
  if (!config_.ent_coef_auto) return std::isfinite(mean_log_pi);
  const T target = config_.target_entropy_auto ? -static_cast<T>(act_dim_) : static_cast<T>(config_.target_entropy);
  const T excess = mean_log_pi + target;
  const bool linear_in_log = config_.ent_coef_loss == EntCoefLoss::log_alpha;
  metrics.ent_coef_loss = static_cast<double>(-(linear_in_log ? state_.log_alpha.value[0] : alpha()) * excess);
  state_.log_alpha.grad[0] = -(linear_in_log ? T(1) : alpha()) * excess;
  const AdamSettings settings = adam_settings(config_.learning_rate_ent_coef);
  return backend_.adam(adam_step<T>(settings, state_.log_alpha, state_.num_actor_updates + 1, 1.0, nullptr, 0.0));
}

template <class T>
T Sac<T>::alpha() const {
  if (!config_.ent_coef_auto) return static_cast<T>(config_.ent_coef);
  return elementary::exp(elementary::Scalar<T>(state_.log_alpha.value[0])).v;
}

template class Sac<float>;
template class Sac<double>;

}  // namespace softac

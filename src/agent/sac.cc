#include "agent/sac.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "agent/block_rows.h"
#include "agent/likelihood_ratio.h"
#include "agent/network_step.h"
#include "agent/sac_checks.h"
#include "base/elementary_scalar.h"
#include "math/lane_tree.h"

namespace softac {

template <class T>
Sac<T>::Sac(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads,
            const std::string& backend)
    : config_(checked(config)),
      obs_dim_(obs_dim),
      act_dim_(act_dim),
      rows_(config.batch_size),
      backend_(backend, threads),
      state_(obs_dim, act_dim, config, seed),
      samples_(state_.actor_net.make_samples(arena_, (1 + config.n_target_actions) * rows_)),
      actor_tape_(state_.actor_net.net().make_tape(arena_, rows_)),
      d_actor_(state_.actor_net.net().make_gradients(arena_, rows_)),
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
    d_critics_.push_back(net.make_gradients(arena_, rows_));
    critic_transposes_.push_back(net.make_transposes(arena_, obs_dim, act_dim));
    for (auto* values : {&q_, &d_q_, &loss_terms_, &q_target_}) values->push_back(arena_.take<T>(rows));
  }
  const int widest = std::max(state_.actor_net.net().widest(), state_.critic_nets[0].widest());
  block_ = block_rows(rows_, widest, backend_.num_threads());
  for (int i = 0; i < backend_.num_threads(); ++i) {
    Scratch scratch;
    scratch.tape = state_.critic_nets[0].make_tape(arena_, block_);
    scratch.policy_tape = state_.actor_net.net().make_tape(arena_, block_);
    scratch.d_critic = state_.critic_nets[0].make_gradients(arena_, block_);
    scratch.d_action = arena_.panels<T>(block_, act_dim);
    scratch.order.resize(static_cast<std::size_t>(block_));
    scratch_.push_back(std::move(scratch));
  }
  const auto components = static_cast<std::size_t>(config.actor_components);
  d_head_ = arena_.panels<T>(rows_, samples_.head.cols);
  d_action_ = arena_.take<T>(components * rows * static_cast<std::size_t>(samples_.width));
  y_ = arena_.take<T>(rows);
  actor_terms_ = arena_.take<T>(rows);
  part_terms_ = components == 1 ? actor_terms_ : arena_.take<T>(components * rows);
  d_q_actor_ = arena_.take<T>(rows);
  ratio_weight_ = arena_.take<T>(rows);
  min_critic_.resize(rows);
  std::fill_n(d_q_actor_, rows_, T(-1) / static_cast<T>(rows_));
  if (!state_.value_nets.empty()) value_.emplace(state_, arena_, rows_, block_, backend_.num_threads());
}

// E14: sample → critic → actor → temperature → target. The α of E8 and E9 is the one before this update's temperature
// step. The targets depend on the critics alone, so their step is taken in the same pass as the critics'. A state-value
// network needs the policy at s in every update, and never at s'; it learns from the terms of the actor loss.
template <class T>
UpdateMetrics Sac<T>::update_with_noise() {
  UpdateMetrics metrics;
  metrics.ent_coef = static_cast<double>(alpha());
  refresh_critic_transposes();

  const bool actor_due = state_.num_updates % config_.policy_delay == 0;

  sample_policy(actor_due || value_ ? 0 : rows_, value_ ? rows_ : 2 * rows_);
  compute_targets();
  for_critics(2, [&](Scratch&, int critic, int first, int count) {
    critic_forward_rows(critic, first, count);
    critic_backward_rows(critic, first, count);
  });
  metrics.finite = critic_step(metrics);

  if (actor_due || value_) actor_forward();
  if (value_) metrics.finite = value_step(metrics) && metrics.finite;
  if (actor_due) {
    metrics.actor_step = true;
    actor_backward(config_.actor_gradient, config_.actor_baseline);
    metrics.finite = actor_step(metrics) && metrics.finite;
    metrics.finite = temperature_step(metrics) && metrics.finite;
    ++state_.num_actor_updates;
  }
  ++state_.num_updates;
  metrics.finite = metrics.finite && losses_are_finite(metrics);
  return metrics;
}

template <class T>
template <class F>
void Sac<T>::for_critics(int cost, F f) {
  const int critics = static_cast<int>(q_.size()), blocks = (rows_ + block_ - 1) / block_;
  const std::int64_t work = state_.critic_nets[0].cost_per_row() * rows_ * critics * cost;
  backend_.for_tasks(critics * blocks, work, [&](int task, int worker) {
    const int first = task % blocks * block_;
    f(scratch_[static_cast<std::size_t>(worker)], task / blocks, first, std::min(block_, rows_ - first));
  });
}

template <class T>
void Sac<T>::draw_noise() {
  Rng& rng = state_.noise;
  const std::uint64_t block = rng.align_to_block();
  const std::uint64_t used = backend_.fill_normal(rng.seed(), rng.stream(), block, samples_.eps,
                                                  std::int64_t{samples_.components} * samples_.rows * act_dim_);
  rng.set_position((block + used) * 4);
}

template <class T>
void Sac<T>::sample_policy(int begin, int end) {
  backend_.for_blocks(end - begin, block_, state_.actor_net.net().cost_per_row(),
                      [&](int worker, int first, int count) {
                        policy_rows(scratch_[static_cast<std::size_t>(worker)], begin + first, count);
                      });
}

// Rows at s keep their tape for the actor step. A block may hold rows of both kinds.
template <class T>
void Sac<T>::policy_rows(Scratch& scratch, int first, int count) {
  const int at_s = std::clamp(rows_ - first, 0, count);
  const auto obs = batch_.x.first_cols(obs_dim_);
  const KernelTable<T>& k = backend_.kernels();
  if (at_s > 0)
    state_.actor_net.forward(k, state_.actor.value, obs.rows_from(first, at_s), actor_tape_, first, samples_, first);
  if (at_s < count) {
    const int next = first + at_s;
    state_.actor_net.forward(k, state_.actor.value, obs.rows_from(next, count - at_s), scratch.policy_tape, 0, samples_,
                             next);
  }
}

// Copies B sampled actions of one of the policy's components into the action columns of x.
template <class T>
void Sac<T>::write_actions(int first_row, int first_sample, int part) {
  for (int b = 0; b < rows_; ++b) {
    const T* action = samples_.action_row(first_sample + b, part);
    for (int k = 0; k < act_dim_; ++k) batch_.x.at(first_row + b, obs_dim_ + k) = action[k];
  }
}

template <class T>
void Sac<T>::target_rows(Scratch& scratch, int critic, int first, int count) {
  const auto j = static_cast<std::size_t>(critic);
  state_.critic_nets[j].forward(backend_.kernels(), state_.critic_target, batch_.x.rows_from(rows_ + first, count),
                                scratch.tape, 0, q_target_[j] + first);
}

// y = reward_scale · r + discount · V(s'), V = min_j Q_θ̄j(s', a') − α log π(a'|s'), averaged over K actions a'; of a
// mixture, one of each component, by the weights.
template <class T>
void Sac<T>::compute_targets() {
  const T alpha_now = alpha(), reward_scale = static_cast<T>(config_.reward_scale);
  if (value_) return value_->targets(backend_, batch_, reward_scale, y_);
  for (int k = 0; k < config_.n_target_actions; ++k) {
    const int at = rows_ * (1 + k);
    if (k > 0) state_.actor_net.resample(backend_.kernels(), samples_, rows_, at, rows_);
    for (int part = 0; part < samples_.components; ++part) {
      write_actions(rows_, at, part);
      for_critics(
          1, [&](Scratch& scratch, int critic, int first, int count) { target_rows(scratch, critic, first, count); });
      for (int b = 0; b < rows_; ++b) {
        T least = q_target_[0][b];
        for (std::size_t j = 1; j < q_target_.size(); ++j) least = least <= q_target_[j][b] ? least : q_target_[j][b];
        const int i = samples_.at(at + b, part);
        T value = std::fma(-alpha_now, samples_.part_log_pi[i], least);
        if (samples_.components > 1) value = samples_.weight[i] * value;
        y_[b] = k == 0 && part == 0 ? value : y_[b] + value;
      }
    }
  }
  const T actions = static_cast<T>(config_.n_target_actions);
  for (int b = 0; b < rows_; ++b)
    y_[b] = std::fma(batch_.discount[b], y_[b] / actions, reward_scale * batch_.reward[b]);
}

template <class T>
void Sac<T>::critic_forward_rows(int critic, int first, int count) {
  const auto i = static_cast<std::size_t>(critic);
  state_.critic_nets[i].forward(backend_.kernels(), state_.critic.value, batch_.x.rows_from(first, count),
                                critic_tapes_[i], first, q_[i] + first);
}

// J_Q(θ_i) = mean (Q_i − y)²,  d_Q = (2/B)(Q_i − y)
template <class T>
void Sac<T>::critic_backward_rows(int critic, int first, int count) {
  const auto i = static_cast<std::size_t>(critic);
  const T scale = T(2) / static_cast<T>(rows_);
  for (int b = first; b < first + count; ++b) {
    const T error = q_[i][b] - y_[b];
    loss_terms_[i][b] = error * error;
    d_q_[i][b] = scale * error;
  }
  state_.critic_nets[i].backward(backend_.kernels(), state_.critic.value, critic_tapes_[i], first, nullptr,
                                 critic_transposes_[i], d_q_[i] + first, count, d_critics_[i], first);
}

// J_π = mean[ α log π(a|s) − min_i Q_i(s, a) ], a = f_φ(ε; s): its terms, and the minimising critics (ties: the first).
// Of a mixture the terms of one component's actions, and their sum by the weights.
template <class T>
void Sac<T>::find_actor_terms(int part) {
  const T alpha_now = alpha();
  for (int b = 0; b < rows_; ++b) {
    std::size_t least = 0;
    for (std::size_t i = 1; i < q_.size(); ++i) {
      if (!(q_[least][b] <= q_[i][b])) least = i;
    }
    min_critic_[static_cast<std::size_t>(b)] = static_cast<int>(least);
    const int i = samples_.at(b, part);
    const T term = std::fma(alpha_now, samples_.part_log_pi[i], -q_[least][b]);
    part_terms_[part * rows_ + b] = term;
    if (samples_.components > 1)
      actor_terms_[b] = std::fma(samples_.weight[i], term, part == 0 ? T(0) : actor_terms_[b]);
  }
}

// d_Q = −1/B for the minimising critic.
// The rows are ordered by their minimising critic, so that each goes back through that one alone.
template <class T>
void Sac<T>::action_gradient_rows(Scratch& scratch, int part, int first, int count) {
  const KernelTable<T>& k = backend_.kernels();
  const int num_critics = static_cast<int>(q_.size());
  int at = 0;
  for (int i = 0; i < num_critics; ++i) {
    const int begin = at;
    for (int b = 0; b < count; ++b) {
      if (min_critic_[static_cast<std::size_t>(first + b)] == i) scratch.order[static_cast<std::size_t>(at++)] = b;
    }
    if (at == begin) continue;
    const auto critic = static_cast<std::size_t>(i);
    const Mlp<T>& net = state_.critic_nets[critic];
    net.backward(k, state_.critic.value, critic_tapes_[critic], first, &scratch.order[static_cast<std::size_t>(begin)],
                 critic_transposes_[critic], d_q_actor_, at - begin, scratch.d_critic, 0);
    net.backward_input(k, critic_transposes_[critic], scratch.d_critic, 0,
                       scratch.d_action.rows_from(begin, at - begin));
  }
  for (int g = 0; g < count; ++g) {
    const int b = first + scratch.order[static_cast<std::size_t>(g)];
    T* row = d_action_ + (std::ptrdiff_t{part} * rows_ + b) * samples_.width;
    for (int p = 0; p < num_panels(act_dim_); ++p) {
      std::memcpy(row + p * kLanes, scratch.d_action.panel(p) + std::ptrdiff_t{g} * kLanes, kLanes * sizeof(T));
    }
  }
}

// d_log_pi = α/B.
template <class T>
void Sac<T>::actor_backward_rows(int first, int count) {
  const KernelTable<T>& k = backend_.kernels();
  if (samples_.components > 1) {
    state_.actor_net.backward(k, actor_tape_, actor_transposes_, samples_,
                              {part_terms_, d_action_, rows_, alpha(), T(1) / static_cast<T>(rows_), d_head_}, d_actor_,
                              first, count);
    return;
  }
  state_.actor_net.backward(k, actor_tape_, actor_transposes_, samples_, d_action_, alpha() / static_cast<T>(rows_),
                            d_head_, d_actor_, first, count);
}

template <class T>
void Sac<T>::likelihood_ratio_backward_rows(int first, int count) {
  likelihood_ratio_rows(state_.actor_net.shape(), samples_, ratio_weight_, d_head_, first, count);
  state_.actor_net.net().backward(backend_.kernels(), actor_tape_, first, actor_transposes_,
                                  d_head_.rows_from(first, count), d_actor_, first);
}

// One pass through the critics for each component of the policy. The next component takes the tapes of this one, so a
// mixture goes back to its actions at once.
template <class T>
double Sac<T>::actor_forward() {
  for (int part = 0; part < samples_.components; ++part) {
    write_actions(0, 0, part);
    critic_forward();
    find_actor_terms(part);
    if (samples_.components == 1) break;
    refresh_critic_transposes();
    backend_.for_blocks(rows_, block_, state_.critic_nets[0].cost_per_row(), [&](int worker, int first, int count) {
      action_gradient_rows(scratch_[static_cast<std::size_t>(worker)], part, first, count);
    });
  }
  return actor_loss();
}

template <class T>
void Sac<T>::actor_backward(ActorGradient gradient, ActorBaseline baseline) {
  refresh_critic_transposes();
  refresh_actor_transposes();
  const bool ratio = gradient == ActorGradient::likelihood_ratio;
  if (ratio) likelihood_ratio_weights(actor_terms_, rows_, baseline == ActorBaseline::leave_one_out, ratio_weight_);
  backend_.for_blocks(rows_, block_, 2 * state_.critic_nets[0].cost_per_row(), [&](int worker, int first, int count) {
    if (ratio) return likelihood_ratio_backward_rows(first, count);
    if (samples_.components == 1) action_gradient_rows(scratch_[static_cast<std::size_t>(worker)], 0, first, count);
    actor_backward_rows(first, count);
  });
}

template <class T>
void Sac<T>::critic_forward() {
  for_critics(1, [&](Scratch&, int critic, int first, int count) { critic_forward_rows(critic, first, count); });
}

template <class T>
double Sac<T>::critic_gradients() {
  refresh_critic_transposes();
  for_critics(2, [&](Scratch&, int critic, int first, int count) {
    critic_forward_rows(critic, first, count);
    critic_backward_rows(critic, first, count);
  });
  critic_weights();
  return critic_loss();
}

template <class T>
void Sac<T>::actor_gradients_by(ActorGradient gradient, ActorBaseline baseline) {
  actor_backward(gradient, baseline);
  actor_weights();
}

template <class T>
double Sac<T>::actor_gradients() {
  const double loss = actor_forward();
  actor_gradients_by(config_.actor_gradient, config_.actor_baseline);
  return loss;
}

template <class T>
double Sac<T>::value_gradients() {
  return value_->gradients(backend_, batch_, actor_terms_);
}

template <class T>
T Sac<T>::mean(const T* x) const {
  return lane_sum(x, rows_) / static_cast<T>(rows_);
}
template <class T>
double Sac<T>::critic_loss() const {
  double loss = 0.0;
  for (const T* terms : loss_terms_) loss += static_cast<double>(mean(terms));
  return loss;
}
template <class T>
double Sac<T>::actor_loss() const {
  return static_cast<double>(mean(actor_terms_));
}

template <class T>
void Sac<T>::refresh_critic_transposes() {
  if (critic_transposes_fresh_) return;
  const std::int64_t values = state_.critic_nets[0].cost_per_row();
  const int critics = static_cast<int>(q_.size());
  backend_.for_tasks(critics, critics * values * 8, [&](int task, int) {
    const auto i = static_cast<std::size_t>(task);
    state_.critic_nets[i].transpose(backend_.kernels(), state_.critic.value, critic_transposes_[i]);
  });
  critic_transposes_fresh_ = true;
}

template <class T>
void Sac<T>::refresh_actor_transposes() {
  if (actor_transposes_fresh_) return;
  state_.actor_net.net().transpose(backend_.kernels(), state_.actor.value, actor_transposes_);
  actor_transposes_fresh_ = true;
}

template <class T>
void Sac<T>::critic_weights() {
  const int tasks = state_.critic_nets[0].num_weight_tasks(), critics = static_cast<int>(q_.size());
  const std::int64_t work = state_.critic_nets[0].cost_per_row() * rows_ * critics;
  backend_.for_tasks(tasks * critics, work, [&](int task, int) {
    const auto i = static_cast<std::size_t>(task / tasks);
    state_.critic_nets[i].weight_task(
        backend_.kernels(),
        {batch_.x.rows_from(0, rows_), critic_tapes_[i], d_critics_[i], {}, d_q_[i], state_.critic.grad}, task % tasks);
  });
}

template <class T>
void Sac<T>::actor_weights() {
  const Mlp<T>& net = state_.actor_net.net();
  const auto obs = batch_.x.first_cols(obs_dim_).rows_from(0, rows_);
  backend_.for_tasks(net.num_weight_tasks(), net.cost_per_row() * rows_, [&](int task, int) {
    net.weight_task(backend_.kernels(), {obs, actor_tape_, d_actor_, d_head_, nullptr, state_.actor.grad}, task);
  });
}

template <class T>
bool Sac<T>::critic_step(UpdateMetrics& metrics) {
  critic_weights();
  metrics.critic_loss = 0.5 * critic_loss();
  metrics.q_mean = static_cast<double>(mean(q_[0]));
  metrics.target_mean = static_cast<double>(mean(y_));
  critic_transposes_fresh_ = false;
  return step_network(config_, backend_, state_.critic, {state_.num_updates + 1, config_.learning_rate_critic},
                      target_due() ? state_.critic_target : nullptr, &metrics.critic_grad_norm);
}

template <class T>
bool Sac<T>::value_step(UpdateMetrics& metrics) {
  metrics.value_loss = 0.5 * value_gradients();
  double norm = 0.0;
  return step_network(config_, backend_, state_.value, {state_.num_updates + 1, config_.learning_rate_critic},
                      target_due() ? state_.value_target : nullptr, &norm);
}

template <class T>
bool Sac<T>::actor_step(UpdateMetrics& metrics) {
  actor_weights();
  metrics.actor_loss = actor_loss();
  actor_transposes_fresh_ = false;
  return step_network<T>(config_, backend_, state_.actor, {state_.num_actor_updates + 1, config_.learning_rate_actor},
                         nullptr, &metrics.actor_grad_norm);
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
  return step_network<T>(config_, backend_, state_.log_alpha,
                         {state_.num_actor_updates + 1, config_.learning_rate_ent_coef}, nullptr, nullptr);
}

template <class T>
T Sac<T>::alpha() const {
  if (!config_.ent_coef_auto) return static_cast<T>(config_.ent_coef);
  return exp_of(state_.log_alpha.value[0]);
}

template class Sac<float>;
template class Sac<double>;

}  // namespace softac

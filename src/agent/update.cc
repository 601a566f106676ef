#include "agent/update.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "agent/reduce.h"
#include "base/discrete_action.h"
#include "math/lane_tree.h"

namespace softac {
namespace {

template <class T>
void copy_rows(const Panels<T>& from, const Panels<T>& to) {
  for (int p = 0; p < num_panels(to.cols); ++p)
    std::memcpy(to.panel(p), from.panel(p), static_cast<std::size_t>(to.rows) * kLanes * sizeof(T));
}

// Rows that the critics' training pass takes for B of the batch. Those at s' are of use where a batch norm sees them or
// targets bootstrap from their values.
int rows_of_critics(const SacConfig& config) {
  const bool joint = config.joint_batch != JointBatch::off && joins_rows(config.norm_layer_critic);
  return joint || config.target_network == TargetNetwork::none ? 2 * config.batch_size : config.batch_size;
}

}  // namespace

template <class T>
SacUpdate<T>::SacUpdate(int obs_dim, int act_dim, const SacConfig& config, std::uint64_t seed, int threads,
                        const std::string& backend)
    : config_(config),
      objective_(make_objective<T>(config, select_kernels<T>(backend))),
      state_(obs_dim, act_dim, config, objective_->num_outputs(), seed),
      passes_(backend, threads, config.batch_size, state_.widest()),
      batch_{arena_.panels<T>(2 * config.batch_size, obs_dim + act_dim),
             arena_.take<T>(config.batch_size),
             arena_.take<T>(config.batch_size),
             config.batch_size,
             obs_dim,
             act_dim},
      x_(config.normalize_obs ? arena_.panels<T>(2 * config.batch_size, obs_dim + act_dim) : batch_.x),
      scaled_(batch_),
      critic_in_(state_.critic_nets[0].shape().in),
      critic_rows_(rows_of_critics(config)),
      samples_(state_.policy->make_samples(arena_, (1 + config.n_target_actions) * config.batch_size)),
      critics_(state_.critic_nets, state_.critic, &state_.critic_norms, arena_, critic_rows_, obs_dim,
               critic_in_ - obs_dim),
      actor_(state_.actor_nets, state_.actor, &state_.actor_norms, arena_, config.batch_size),
      critic_optimiser_(optimiser_rule(config, config.learning_rate_critic), state_.critic, &state_.critic_layout,
                        arena_),
      value_optimiser_(optimiser_rule(config, config.learning_rate_critic), state_.value, &state_.value_layout, arena_),
      actor_optimiser_(optimiser_rule(config, config.learning_rate_actor), state_.actor, &state_.actor_layout, arena_),
      temperature_(act_dim, config, state_.log_alpha, arena_),
      target_critics_(static_cast<std::size_t>(num_target_critics(config))),
      target_(make_target_source(state_, samples_, critics_, config, objective_->num_outputs(),
                                 std::span<const int>(target_critics_), passes_, arena_)) {
  std::iota(target_critics_.begin(), target_critics_.end(), 0);
  const std::size_t rows = config.batch_size, pairs = rows * samples_.num_actions;
  if (state_.reward_norm) scaled_.reward = arena_.take<T>(rows);
  if (!state_.value_nets.empty()) value_ = std::make_unique<StateValue<T>>(state_, arena_, config.batch_size);
  for (int i = 0; i < passes_.num_workers(); ++i) {
    Scratch scratch;
    if (!state_.actor_nets.empty()) scratch.policy_tape = state_.actor_nets[0].make_tape(arena_, passes_.block());
    scratch.d_critic = state_.critic_nets[0].make_gradients(arena_, passes_.block());
    scratch.d_out = make_outputs<T>(arena_, passes_.block(), state_.critic_nets[0].shape().out);
    scratch.d_action = arena_.panels<T>(passes_.block(), act_dim);
    scratch.order.resize(passes_.block());
    scratch_.push_back(std::move(scratch));
  }
  if (!state_.actor_nets.empty()) actor_out_.push_back(as_outputs(samples_.head.rows_from(0, config.batch_size)));
  column_.resize(rows);
  carrier_.resize(rows);
  replayed_.resize(rows * act_dim);
  y_ = make_outputs<T>(arena_, config.batch_size,
                       objective_->target_width(config.n_target_actions * samples_.num_actions));
  y_mean_ = arena_.take<T>(rows);
  for (int i = 0; i < config.n_critics; ++i) {
    q_.push_back(arena_.take<T>(rows));
    critic_terms_.push_back(arena_.take<T>(rows));
  }
  actor_value_ = arena_.take<T>(rows);
  terms_ = arena_.take<T>(pairs);
  row_terms_ = arena_.take<T>(rows);
  d_action_ = arena_.take<T>(pairs * samples_.width);
  actor_loss_ = {terms_, row_terms_, d_action_, arena_.take<T>(rows), config.batch_size, T(0)};
}

// E14: sample → critic → actor → temperature → target. The α of E8 and E9 is the one before this update's temperature
// step. The targets depend on the critics alone, so their step is taken in the same pass as the critics'. A state-value
// network needs the policy at s in every update, and never at s'; it learns from the terms of the actor loss. With
// update_order = actor_first the actor and the temperature go before the critics, whose targets take the new ones.
template <class T>
UpdateMetrics SacUpdate<T>::run_with_noise() {
  UpdateMetrics metrics;
  metrics.ent_coef = static_cast<double>(alpha());
  metrics.actor_step = actor_due();
  const bool terms_due = metrics.actor_step || value_;
  const bool critics_first = config_.update_order == UpdateOrder::critic_first;
  const int rows = batch_.batch_size, end = target_->needs_actions() ? 2 * rows : rows;
  read_batch();

  sample_policy(terms_due ? 0 : rows, critics_first ? end : rows);
  if (critics_first) critic_step(metrics);

  const double actor_loss = terms_due ? actor_terms() : 0.0;
  if (value_) value_step(metrics);
  if (metrics.actor_step) {
    metrics.actor_loss = actor_loss;
    actor_step(metrics);
    temperature_step(metrics);
    ++state_.num_actor_updates;
  }
  if (!critics_first) {
    sample_policy(rows, end);
    critic_step(metrics);
  }
  ++state_.num_updates;
  for (const double x :
       {metrics.critic_loss, metrics.value_loss, metrics.actor_loss, metrics.ent_coef_loss, metrics.ent_coef})
    metrics.finite &= std::isfinite(x);
  return metrics;
}

// E8: y from the target source, J_Q(θ_i) and its gradient, Adam on θ, E12 on θ̄.
template <class T>
void SacUpdate<T>::critic_step(UpdateMetrics& metrics) {
  find_targets();
  metrics.critic_loss = 0.5 * critic_gradients();
  metrics.learning_rate = critic_optimiser_.learning_rate_at(state_.num_updates + 1);
  metrics.q_mean = reward_unit_ * static_cast<double>(mean(q_[0]));
  metrics.target_mean = reward_unit_ * static_cast<double>(mean(y_mean_));
  metrics.finite &=
      critic_optimiser_.step(backend(), state_.num_updates + 1, target_due() ? state_.critic_target : nullptr,
                             config_.tau, &metrics.critic_grad_norm);
  critics_.parameters_changed();
}

// J_V(ψ), Adam on ψ, E12 on ψ̄.
template <class T>
void SacUpdate<T>::value_step(UpdateMetrics& metrics) {
  metrics.value_loss = 0.5 * value_gradients();
  double norm = 0.0;
  metrics.finite &= value_optimiser_.step(backend(), state_.num_updates + 1,
                                          target_due() ? state_.value_target : nullptr, config_.tau, &norm);
  value_->parameters_changed();
}

// E9: J_π's gradient, Adam on φ. A policy made of the critics has nothing to step.
template <class T>
void SacUpdate<T>::actor_step(UpdateMetrics& metrics) {
  if (state_.actor_nets.empty()) return;
  actor_gradients(*state_.policy);
  metrics.finite &=
      actor_optimiser_.step(backend(), state_.num_actor_updates + 1, nullptr, 0.0, &metrics.actor_grad_norm);
  actor_.parameters_changed();
}

// E10: J(α), Adam on log α.
template <class T>
void SacUpdate<T>::temperature_step(UpdateMetrics& metrics) {
  const T mean_log_pi = mean(samples_.mean_log_pi);
  metrics.entropy = -static_cast<double>(mean_log_pi);
  metrics.finite &= std::isfinite(mean_log_pi);
  if (!temperature_.learned()) return;
  metrics.ent_coef_loss = temperature_.loss(mean_log_pi);
  metrics.finite &= temperature_.step(backend(), state_.num_actor_updates + 1, metrics.ent_coef_bound);
}

// What the networks read of the batch: normalised observations and rewards, where the replayed actions' values lie in
// the critics' outputs, and a copy of these actions, since the action columns take the policy's actions for a while.
template <class T>
void SacUpdate<T>::read_batch() {
  const int rows = batch_.batch_size, obs_dim = batch_.obs_dim;
  if (state_.obs_norm) {
    state_.obs_norm->refresh();
    for (int r = 0; r < 2 * rows; ++r) {
      for (int c = 0; c < obs_dim; ++c) x_.at(r, c) = state_.obs_norm->apply(c, batch_.x.at(r, c));
    }
  }
  if (state_.reward_norm) {
    reward_unit_ = state_.reward_unit();
    for (int b = 0; b < rows; ++b)
      scaled_.reward[b] = static_cast<T>(static_cast<double>(batch_.reward[b]) / reward_unit_);
  }
  for (int b = 0; b < rows; ++b) {
    for (int d = 0; d < batch_.act_dim; ++d)
      x_.at(b, obs_dim + d) = replayed_[b * batch_.act_dim + d] = batch_.x.at(b, obs_dim + d);
    if (continuous()) continue;
    const auto action = static_cast<double>(batch_.x.at(b, obs_dim));
    column_[b] = decode_discrete_action(action, config_.num_actions) * objective_->num_outputs();
  }
}

template <class T>
void SacUpdate<T>::write_replayed_actions() {
  for (int b = 0; b < batch_.batch_size; ++b) {
    for (int d = 0; d < batch_.act_dim; ++d) x_.at(b, batch_.obs_dim + d) = replayed_[b * batch_.act_dim + d];
  }
}

// M of N critics, each choice as likely, by going through them once: the next is taken with the odds of what is wanted
// to what is left.
template <class T>
void SacUpdate<T>::draw_target_critics() {
  const std::size_t wanted = target_critics_.size();
  std::size_t found = 0;
  for (int i = 0; found < wanted; ++i) {
    const auto left = static_cast<std::uint64_t>(config_.n_critics - i);
    if (state_.noise.below(left) < wanted - found) target_critics_[found++] = i;
  }
}

template <class T>
void SacUpdate<T>::draw_noise() {
  if (draws_target_critics(config_)) draw_target_critics();
  if (!continuous()) return;
  Rng& rng = state_.noise;
  const std::uint64_t block = rng.align_to_block();
  const std::uint64_t used = backend().fill_normal(rng.seed(), rng.stream(), block, samples_.eps,
                                                   std::int64_t{samples_.num_actions} * samples_.rows * batch_.act_dim);
  rng.set_position((block + used) * 4);
}

template <class T>
void SacUpdate<T>::sample_policy() {
  read_batch();
  sample_policy(0, 2 * batch_.batch_size);
}

// Rows at s keep their tape for the actor step. A block may hold rows of both kinds. Further draws at s' have the same
// head. A batch norm is in evaluation mode at s', with the running statistics of the updates before, then in training
// mode at s.
template <class T>
void SacUpdate<T>::sample_policy(int begin, int end) {
  if (state_.actor_nets.empty()) return;
  const int rows = batch_.batch_size;
  const KernelTable<T>& k = passes_.kernels();
  const Network<T>& net = state_.actor_nets[0];
  const bool pass_at_s = actor_.joins() && begin < rows;
  if (actor_.joins()) begin = std::max(begin, rows);
  passes_.for_rows(end - begin, net.cost_per_row(), [&](int worker, int start, int count) {
    const int first = begin + start, at_s = std::clamp(rows - first, 0, count), next = first + at_s;
    const auto head_rows = [&](int row, int n) { return samples_.head.rows_from(row, n); };
    if (at_s > 0) {
      actor_.forward(k, 0, obs().rows_from(first, at_s), first, as_outputs(head_rows(first, at_s)));
      state_.policy->sample(k, samples_, first, at_s);
    }
    if (at_s == count) return;
    const int left = count - at_s;
    net.forward(k, state_.actor_values(), obs().rows_from(next, left), scratch_[worker].policy_tape, 0,
                as_outputs(head_rows(next, left)));
    state_.policy->sample(k, samples_, next, left);
    for (int draw = 1; draw < config_.n_target_actions; ++draw) {
      const int row = next + draw * rows;
      copy_rows(head_rows(next, left), head_rows(row, left));
      state_.policy->sample(k, samples_, row, left);
    }
  });
  if (!pass_at_s) return;
  actor_.forward_all(passes_, obs().rows_from(0, rows), actor_mode_, actor_out_);
  passes_.for_rows(rows, net.shape().out,
                   [&](int, int first, int count) { state_.policy->sample(k, samples_, first, count); });
}

template <class T>
void SacUpdate<T>::find_targets() {
  const NextValues<T>& next = target_->evaluate(passes_, batch_, x_);
  critics_passed_ = target_->trains_critics();
  if (state_.actor_nets.empty()) {
    for (int a = 0; a < next.num_actions(); ++a) policy_from_critics(next.values(a), a, batch_.batch_size);
    state_.policy->sample(passes_.kernels(), samples_, batch_.batch_size, batch_.batch_size);
  }
  const T alpha_now = config_.backup_entropy ? alpha() : T(0);
  passes_.for_rows(batch_.batch_size, objective_->cost_per_row(next.num_actions()), [&](int, int first, int count) {
    objective_->target(next, scaled_, alpha_now, first, count, y_, y_mean_);
  });
}

template <class T>
void SacUpdate<T>::critic_forward_rows(int i, int first, int count) {
  critics_.forward(passes_.kernels(), i, critic_input().rows_from(first, count), first,
                   critics_.out(i).rows_from(first, count));
}

template <class T>
void SacUpdate<T>::critic_forward() {
  critics_passed_ = false;  // its tapes are overwritten
  passes_.for_networks(critics_.count(), critics_.cost_per_row(),
                       [&](int, int i, int first, int count) { critic_forward_rows(i, first, count); });
}

template <class T>
void SacUpdate<T>::critic_loss_rows(int i, int first, int count) {
  const Outputs<T> d_q = critics_.d_out(i);
  if (!continuous()) {  // only the replayed action's outputs have a part in the loss
    for (int b = first; b < first + count; ++b) {
      for (int c = 0; c < d_q.cols; ++c) d_q.at(b, c) = T(0);
    }
  }
  objective_->loss(i, critics_.out(i), column_.data(), y_, first, count, critic_terms_[i], d_q, q_[i]);
}

template <class T>
double SacUpdate<T>::critic_gradients() {
  const int rows = batch_.batch_size;
  const auto loss = [&](int, int i, int first, int count) { critic_loss_rows(i, first, count); };
  critics_.refresh(passes_);
  critics_.begin_pass(state_.dropout_pass(DropoutUse::critic));
  if (critics_passed_) {
    critics_.backward_all(passes_, critic_input(), rows, critics_.cost_per_row(), loss);
  } else {
    critics_.train(passes_, critic_input(), rows, loss);
  }
  critics_passed_ = false;
  critics_.weight_gradients(passes_, critic_input(), rows);
  return critic_loss();
}

template <class T>
double SacUpdate<T>::critic_loss() const {
  double loss = 0.0;
  for (const T* terms : critic_terms_) loss += static_cast<double>(mean(terms));
  return loss;
}

// E3: the logits of a policy that is made of the critics, v(s, a)/α.
template <class T>
void SacUpdate<T>::policy_from_critics(const CriticValues<T>& q, int action, int first_row) {
  const T alpha_now = alpha();
  objective_->actor_value(q, 0, batch_.batch_size, actor_value_, carrier_.data());
  for (int b = 0; b < batch_.batch_size; ++b) samples_.head.at(first_row + b, action) = actor_value_[b] / alpha_now;
}

// J_π = mean Σ_k w_k [ α log π(a_k|s) − v(s, a_k) ]. Continuous actions are inputs of the critics, so each of the K
// takes a pass; what its gradient needs of the pass is taken before the next one overwrites it. Discrete actions are
// outputs of one pass. Where the policy is made of the critics it is that of the pass before their step.
template <class T>
double SacUpdate<T>::actor_terms() {
  actor_loss_.alpha = alpha();
  const int num_passes = continuous() ? samples_.num_actions : 1;
  if (state_.actor_nets.empty()) {
    for (int a = 0; a < samples_.num_actions; ++a)
      policy_from_critics({critics_.outs(), 0, a * objective_->num_outputs()}, a, 0);
    state_.policy->sample(passes_.kernels(), samples_, 0, batch_.batch_size);
  }
  for (int pass = 0; pass < num_passes; ++pass) {
    if (continuous()) write_actions(samples_, 0, pass, batch_, x_, 0);
    critics_.begin_pass(state_.dropout_pass(DropoutUse::actor, pass));
    if (!state_.actor_nets.empty()) critic_forward();
    terms_of_pass(pass);
    if (pass + 1 == num_passes) break;
    critics_.refresh(passes_);
    passes_.for_rows(batch_.batch_size, critics_.cost_per_row(), [&](int worker, int first, int count) {
      action_gradient_rows(scratch_[worker], pass, first, count);
    });
  }
  if (continuous()) write_replayed_actions();
  return static_cast<double>(mean(row_terms_));
}

template <class T>
void SacUpdate<T>::terms_of_pass(int pass) {
  const int rows = batch_.batch_size, actions = continuous() ? 1 : samples_.num_actions;
  for (int c = 0; c < actions; ++c) {
    const int k = pass + c;
    objective_->actor_value({critics_.outs(), 0, c * objective_->num_outputs()}, 0, rows, actor_value_,
                            carrier_.data());
    for (int b = 0; b < rows; ++b) {
      const int i = samples_.at(b, k);
      const T term = std::fma(actor_loss_.alpha, samples_.log_pi[i], -actor_value_[b]);
      terms_[k * rows + b] = term;
      row_terms_[b] = std::fma(samples_.weight[i], term, k == 0 ? T(0) : row_terms_[b]);
    }
  }
}

// −1/B · ∂v/∂a at the actions of a pass. The rows are ordered by the critic that carries their gradient, so that each
// goes back through that one alone; a row that all critics carry goes back through each, and the parts are added.
template <class T>
void SacUpdate<T>::action_gradient_rows(Scratch& scratch, int pass, int first, int count) {
  const T scale = T(-1) / static_cast<T>(batch_.batch_size);
  for (int i = 0; i < critics_.count(); ++i) {
    int carried = 0;
    for (int b = 0; b < count; ++b) {
      const int carrier = carrier_[first + b];
      if (carrier == i || carrier < 0) scratch.order[carried++] = b;
    }
    if (carried == 0) continue;
    const auto d_out = scratch.d_out.rows_from(0, carried);
    const auto d_action = scratch.d_action.rows_from(0, carried);
    const auto q = critics_.out(i).rows_from(first, count);
    objective_->actor_gradient(critics_.count(), scale, q, scratch.order.data(), d_out);
    critics_.input_gradient(passes_.kernels(), i, first, scratch.order.data(), d_out, scratch.d_critic, d_action);
    for (int g = 0; g < carried; ++g) {
      const int b = first + scratch.order[g];
      T* row = d_action_ + (std::ptrdiff_t{pass} * batch_.batch_size + b) * samples_.width;
      const bool add = i > 0 && carrier_[b] < 0;
      for (int p = 0; p < num_panels(d_action.cols); ++p) {
        const T* from = d_action.panel(p) + std::ptrdiff_t{g} * kLanes;
        for (int l = 0; l < kLanes; ++l) row[p * kLanes + l] = add ? row[p * kLanes + l] + from[l] : from[l];
      }
    }
  }
}

template <class T>
void SacUpdate<T>::actor_gradients(const Policy<T>& policy) {
  critics_.refresh(passes_);
  actor_.refresh(passes_);
  policy.prepare(actor_loss_);
  const int last_pass = samples_.num_actions - 1;
  const auto at_s = obs().rows_from(0, batch_.batch_size);
  actor_.backward_all(
      passes_, at_s, at_s.rows, 2 * critics_.cost_per_row(), [&](int worker, int, int first, int count) {
        if (policy.needs_action_gradient()) action_gradient_rows(scratch_[worker], last_pass, first, count);
        policy.backward(passes_.kernels(), samples_, actor_loss_, first, count, actor_.d_out(0).panels());
      });
  actor_.weight_gradients(passes_, at_s, at_s.rows);
}

template <class T>
double SacUpdate<T>::value_gradients() {
  return value_->gradients(passes_, obs().rows_from(0, batch_.batch_size), row_terms_);
}

template <class T>
void SacUpdate<T>::set_learning_rates(double actor, double critic, double ent_coef) {
  config_.learning_rate_actor = actor;
  config_.learning_rate_critic = critic;
  config_.learning_rate_ent_coef = ent_coef;
  actor_optimiser_.set_learning_rate(actor);
  critic_optimiser_.set_learning_rate(critic);
  value_optimiser_.set_learning_rate(critic);
  temperature_.set_learning_rate(ent_coef);
}

template <class T>
void SacUpdate<T>::parameters_changed() {
  critics_passed_ = false;
  critics_.parameters_changed();
  actor_.parameters_changed();
  if (value_) value_->parameters_changed();
}

template <class T>
T SacUpdate<T>::mean(const T* x) const {
  return lane_sum(x, batch_.batch_size) / static_cast<T>(batch_.batch_size);
}

template class SacUpdate<float>;
template class SacUpdate<double>;

}  // namespace softac

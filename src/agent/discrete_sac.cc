#include "agent/discrete_sac.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "agent/network_step.h"
#include "base/elementary_scalar.h"
#include "softac/error.h"

namespace softac {
namespace {

// log π = logits − log Σ exp(logits), the largest taken out. log_pi: the logits before, log π after.
template <class T>
void log_softmax(int num_actions, T* log_pi, T* pi) {
  const T most = *std::max_element(log_pi, log_pi + num_actions);
  T sum = T(0);
  for (int a = 0; a < num_actions; ++a) sum += exp_of(log_pi[a] - most);
  const T log_sum = most + log_of(sum);
  for (int a = 0; a < num_actions; ++a) {
    log_pi[a] = log_pi[a] - log_sum;
    pi[a] = exp_of(log_pi[a]);
  }
}

// Settings that say how actions are sampled mean nothing here, and must not be taken silently.
const SacConfig& checked(const SacConfig& config) {
  SOFTAC_REQUIRE(config.num_actions >= 2, config.num_actions);
  std::string text;
  if (config.policy != PolicyKind::squashed_gaussian) text += "\n  policy: the policy of discrete actions is a softmax";
  if (config.actor_gradient != ActorGradient::reparameterised)
    text += "\n  actor_gradient: with discrete actions the actor's gradient is exact";
  if (config.actor_components != 1) text += "\n  actor_components: a softmax has as many modes as actions";
  if (config.n_target_actions != 1)
    text += "\n  n_target_actions: with discrete actions the target's expectation is exact";
  if (config.discrete_policy == DiscretePolicy::boltzmann && !config.ent_coef_auto && config.ent_coef <= 0.0)
    text += "\n  discrete_policy: the Boltzmann policy needs a temperature, ent_coef above 0";
  if (config.variant != Variant::sac) text += "\n  variant: the value of a state is exact with discrete actions";
  if (!text.empty())
    throw ConfigError("settings that do not fit discrete actions; leave them at their defaults:" + text);
  return config;
}

}  // namespace

template <class T>
int DiscreteSac<T>::decode(T action, int num_actions) {
  const T at = std::floor((action + T(1)) / T(2) * static_cast<T>(num_actions));
  return static_cast<int>(std::clamp(at, T(0), static_cast<T>(num_actions - 1)));
}
template <class T>
T DiscreteSac<T>::encode(int action, int num_actions) {
  return static_cast<T>(2 * action + 1) / static_cast<T>(num_actions) - T(1);
}

template <class T>
DiscreteSac<T>::DiscreteSac(int obs_dim, const SacConfig& config, std::uint64_t seed, int threads,
                            const std::string& backend)
    : config_(checked(config)),
      obs_dim_(obs_dim),
      num_actions_(config.num_actions),
      rows_(config.batch_size),
      target_entropy_(config.target_entropy_auto ? 0.5 * log_of(static_cast<double>(config.num_actions))
                                                 : config.target_entropy),
      backend_(backend, threads),
      state_(obs_dim, config, seed),
      d_out_(arena_.panels<T>(rows_, num_actions_)),
      d_critic_(state_.critic_nets[0].make_gradients(arena_, rows_)),
      log_pi_(static_cast<std::size_t>(2 * rows_ * num_actions_)),
      pi_(log_pi_.size()),
      y_(static_cast<std::size_t>(rows_)) {
  SOFTAC_REQUIRE(obs_dim > 0, obs_dim);
  const auto rows = static_cast<std::size_t>(rows_);
  batch_ = {arena_.panels<T>(2 * rows_, obs_dim + 1), arena_.take<T>(rows), arena_.take<T>(rows), rows_, obs_dim, 1};
  if (state_.actor_net) {
    actor_pass_ = make_pass(*state_.actor_net, arena_, 2 * rows_);
    d_actor_ = state_.actor_net->make_gradients(arena_, rows_);
    actor_wt_ = state_.actor_net->make_transposes(arena_, 0, 0);
  }
  for (const Mlp<T>& net : state_.critic_nets) {
    critic_pass_.push_back(make_pass(net, arena_, rows_));
    target_pass_.push_back(make_pass(net, arena_, rows_));
    critic_wt_.push_back(net.make_transposes(arena_, 0, 0));
  }
}

template <class T>
typename DiscreteSac<T>::Pass DiscreteSac<T>::make_pass(const Mlp<T>& net, Arena& arena, int rows) const {
  return {arena.panels<T>(rows, num_actions_), net.make_tape(arena, rows)};
}

template <class T>
T DiscreteSac<T>::least(const std::vector<Pass>& critics, int row, int action) const {
  T out = critics[0].out.at(row, action);
  for (std::size_t i = 1; i < critics.size(); ++i) out = std::min(out, critics[i].out.at(row, action));
  return out;
}

// E14: critic → actor → temperature → target. The α of all losses is the one before this update's temperature step.
template <class T>
UpdateMetrics DiscreteSac<T>::update() {
  UpdateMetrics metrics;
  metrics.ent_coef = static_cast<double>(alpha());
  policy();
  compute_targets();
  metrics.critic_loss = 0.5 * critic_gradients();
  const double boltzmann_loss = state_.actor_net ? 0.0 : boltzmann_policy();
  for (int b = 0; b < rows_; ++b) {
    metrics.q_mean +=
        static_cast<double>(critic_pass_[0].out.at(b, decode(batch_.x.at(b, obs_dim_), num_actions_))) / rows_;
    metrics.target_mean += static_cast<double>(y_[static_cast<std::size_t>(b)]) / rows_;
  }
  const bool target_due = (state_.num_updates + 1) % config_.target_update_interval == 0;
  fresh_ = false;
  metrics.finite =
      step_network(config_, backend_, state_.critic, {state_.num_updates + 1, config_.learning_rate_critic},
                   target_due ? state_.critic_target : nullptr, &metrics.critic_grad_norm);
  if (state_.num_updates % config_.policy_delay == 0) {
    metrics.actor_step = true;
    metrics.actor_loss = state_.actor_net ? actor_gradients() : boltzmann_loss;
    metrics.entropy = entropy_;
    fresh_ = false;
    const std::int64_t t = state_.num_actor_updates + 1;
    if (state_.actor_net)
      metrics.finite = step_network<T>(config_, backend_, state_.actor, {t, config_.learning_rate_actor}, nullptr,
                                       &metrics.actor_grad_norm) &&
                       metrics.finite;
    if (config_.ent_coef_auto) {
      metrics.ent_coef_loss = temperature_loss();
      metrics.finite =
          step_network<T>(config_, backend_, state_.log_alpha, {t, config_.learning_rate_ent_coef}, nullptr, nullptr) &&
          metrics.finite;
    }
    ++state_.num_actor_updates;
  }
  ++state_.num_updates;
  metrics.finite = metrics.finite && losses_are_finite(metrics);
  return metrics;
}

template <class T>
void DiscreteSac<T>::policy() {
  if (!state_.actor_net) return;
  const auto obs = batch_.x.first_cols(obs_dim_);
  state_.actor_net->forward(backend_.kernels(), state_.actor.value, obs, actor_pass_.tape, 0, actor_pass_.out);
  for (int r = 0; r < 2 * rows_; ++r) {
    const auto at = static_cast<std::size_t>(r * num_actions_);
    for (int a = 0; a < num_actions_; ++a) log_pi_[at + static_cast<std::size_t>(a)] = actor_pass_.out.at(r, a);
    log_softmax(num_actions_, &log_pi_[at], &pi_[at]);
  }
}

template <class T>
void DiscreteSac<T>::compute_targets() {
  const auto next_obs = batch_.x.first_cols(obs_dim_).rows_from(rows_, rows_);
  for (std::size_t j = 0; j < target_pass_.size(); ++j)
    state_.critic_nets[j].forward(backend_.kernels(), state_.critic_target, next_obs, target_pass_[j].tape, 0,
                                  target_pass_[j].out);
  const T alpha_now = alpha();
  for (int b = 0; b < rows_; ++b) {
    const auto at = static_cast<std::size_t>((rows_ + b) * num_actions_);
    if (!state_.actor_net) {
      for (int a = 0; a < num_actions_; ++a)
        log_pi_[at + static_cast<std::size_t>(a)] = least(target_pass_, b, a) / alpha_now;
      log_softmax(num_actions_, &log_pi_[at], &pi_[at]);
    }
    T value = T(0);
    for (int a = 0; a < num_actions_; ++a) {
      const auto i = at + static_cast<std::size_t>(a);
      value += pi_[i] * (least(target_pass_, b, a) - alpha_now * log_pi_[i]);
    }
    y_[static_cast<std::size_t>(b)] =
        static_cast<T>(config_.reward_scale) * batch_.reward[b] + batch_.discount[b] * value;
  }
}

// d_Q(s, a) = (2/B)(Q_i(s, a) − y) at the action taken, 0 at the others.
template <class T>
double DiscreteSac<T>::critic_gradients() {
  refresh_transposes();
  const auto obs = batch_.x.first_cols(obs_dim_).rows_from(0, rows_);
  double loss = 0.0;
  for (std::size_t i = 0; i < critic_pass_.size(); ++i) {
    const Mlp<T>& net = state_.critic_nets[i];
    Pass& pass = critic_pass_[i];
    net.forward(backend_.kernels(), state_.critic.value, obs, pass.tape, 0, pass.out);
    for (int b = 0; b < rows_; ++b) {
      const int taken = decode(batch_.x.at(b, obs_dim_), num_actions_);
      const T error = pass.out.at(b, taken) - y_[static_cast<std::size_t>(b)];
      loss += static_cast<double>(error * error) / rows_;
      for (int a = 0; a < num_actions_; ++a) d_out_.at(b, a) = a == taken ? T(2) / static_cast<T>(rows_) * error : T(0);
    }
    net.backward(backend_.kernels(), pass.tape, 0, critic_wt_[i], d_out_, d_critic_, 0);
    weights(net, pass, d_critic_, d_out_, state_.critic.grad);
  }
  return loss;
}

// f_a = α log π_a − min_i Q_i:  J_π = mean Σ π_a f_a,  d_logit_k = π_k (f_k − Σ_a π_a f_a) / B, since Σ_a dπ_a = 0.
template <class T>
double DiscreteSac<T>::actor_gradients() {
  refresh_transposes();
  const auto obs = batch_.x.first_cols(obs_dim_).rows_from(0, rows_);
  for (std::size_t i = 0; i < critic_pass_.size(); ++i)
    state_.critic_nets[i].forward(backend_.kernels(), state_.critic.value, obs, critic_pass_[i].tape, 0,
                                  critic_pass_[i].out);
  const T alpha_now = alpha();
  double loss = 0.0;
  entropy_ = 0.0;
  for (int b = 0; b < rows_; ++b) {
    const auto at = static_cast<std::size_t>(b * num_actions_);
    const auto f = [&](int a) {
      return alpha_now * log_pi_[at + static_cast<std::size_t>(a)] - least(critic_pass_, b, a);
    };
    T mean = T(0);
    for (int a = 0; a < num_actions_; ++a) {
      const auto k = at + static_cast<std::size_t>(a);
      mean += pi_[k] * f(a);
      entropy_ -= static_cast<double>(pi_[k] * log_pi_[k]) / rows_;
    }
    for (int a = 0; a < num_actions_; ++a)
      d_out_.at(b, a) = pi_[at + static_cast<std::size_t>(a)] * (f(a) - mean) / static_cast<T>(rows_);
    loss += static_cast<double>(mean) / rows_;
  }
  state_.actor_net->backward(backend_.kernels(), actor_pass_.tape, 0, actor_wt_, d_out_, d_actor_, 0);
  weights(*state_.actor_net, actor_pass_, d_actor_, d_out_, state_.actor.grad);
  return loss;
}

template <class T>
double DiscreteSac<T>::boltzmann_policy() {
  const T alpha_now = alpha();
  double loss = 0.0;
  entropy_ = 0.0;
  for (int b = 0; b < rows_; ++b) {
    const auto at = static_cast<std::size_t>(b * num_actions_);
    for (int a = 0; a < num_actions_; ++a)
      log_pi_[at + static_cast<std::size_t>(a)] = least(critic_pass_, b, a) / alpha_now;
    log_softmax(num_actions_, &log_pi_[at], &pi_[at]);
    for (int a = 0; a < num_actions_; ++a) {
      const auto k = at + static_cast<std::size_t>(a);
      loss += static_cast<double>(pi_[k] * (alpha_now * log_pi_[k] - least(critic_pass_, b, a))) / rows_;
      entropy_ -= static_cast<double>(pi_[k] * log_pi_[k]) / rows_;
    }
  }
  return loss;
}

// J(α) = α (H − H̄), dJ/d log α = J(α): α rises where the entropy is below its target. The other form is linear in log
// α.
template <class T>
double DiscreteSac<T>::temperature_loss() {
  const bool linear_in_log = config_.ent_coef_loss == EntCoefLoss::log_alpha;
  const double excess = entropy_ - target_entropy_;
  state_.log_alpha.grad[0] = static_cast<T>((linear_in_log ? 1.0 : static_cast<double>(alpha())) * excess);
  return (linear_in_log ? static_cast<double>(state_.log_alpha.value[0]) : static_cast<double>(alpha())) * excess;
}

template <class T>
void DiscreteSac<T>::refresh_transposes() {
  if (fresh_) return;
  if (state_.actor_net) state_.actor_net->transpose(backend_.kernels(), state_.actor.value, actor_wt_);
  for (std::size_t i = 0; i < critic_wt_.size(); ++i)
    state_.critic_nets[i].transpose(backend_.kernels(), state_.critic.value, critic_wt_[i]);
  fresh_ = true;
}

template <class T>
void DiscreteSac<T>::weights(const Mlp<T>& net, const Pass& pass, const MlpGradients<T>& d, Panels<const T> d_out,
                             T* grad) {
  const auto obs = batch_.x.first_cols(obs_dim_).rows_from(0, rows_);
  backend_.for_tasks(net.num_weight_tasks(), net.cost_per_row() * rows_, [&](int task, int) {
    net.weight_task(backend_.kernels(), {obs, pass.tape, d, d_out, nullptr, grad}, task);
  });
}

template <class T>
T DiscreteSac<T>::alpha() const {
  return config_.ent_coef_auto ? exp_of(state_.log_alpha.value[0]) : static_cast<T>(config_.ent_coef);
}

template <class T>
void DiscreteSac<T>::forward_act(std::span<const T> obs, int rows) {
  if (!act_ || act_->rows < rows) {
    act_ = std::make_unique<ActBuffers>();
    act_->rows = rows;
    act_->x = act_->arena.template panels<T>(rows, obs_dim_);
    if (state_.actor_net) act_->pass.push_back(make_pass(*state_.actor_net, act_->arena, rows));
    for (std::size_t i = 0; !state_.actor_net && i < state_.critic_nets.size(); ++i)
      act_->pass.push_back(make_pass(state_.critic_nets[i], act_->arena, rows));
    act_->logits = act_->pass[0].out;
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < obs_dim_; ++c) act_->x.at(r, c) = obs[static_cast<std::size_t>(r * obs_dim_ + c)];
  }
  const auto x = act_->x.rows_from(0, rows);
  if (state_.actor_net) {
    state_.actor_net->forward(backend_.kernels(), state_.actor.value, x, act_->pass[0].tape, 0, act_->pass[0].out);
    return;
  }
  for (std::size_t i = 0; i < act_->pass.size(); ++i)
    state_.critic_nets[i].forward(backend_.kernels(), state_.critic.value, x, act_->pass[i].tape, 0, act_->pass[i].out);
  const T alpha_now = alpha();
  for (int r = 0; r < rows; ++r) {
    for (int a = 0; a < num_actions_; ++a) act_->logits.at(r, a) = least(act_->pass, r, a) / alpha_now;
  }
}

template <class T>
bool DiscreteSac<T>::act(std::span<const T> obs, int rows, bool deterministic, std::span<Rng> noise,
                         std::span<T> actions) {
  forward_act(obs, rows);
  const Panels<T>& logits = act_->logits;
  bool finite = true;
  for (int r = 0; r < rows; ++r) {
    // The largest of logits + Gumbel noise is a draw from the softmax; without noise it is the best action.
    int chosen = 0;
    T most = -std::numeric_limits<T>::infinity();
    for (int a = 0; a < num_actions_; ++a) {
      T score = logits.at(r, a);
      finite = finite && std::isfinite(score);
      if (!deterministic) {
        const double u = noise[static_cast<std::size_t>(r)].uniform() + 0x1p-54;
        score -= static_cast<T>(log_of(std::max(-log_of(u), 0x1p-60)));
      }
      if (score > most) {
        most = score;
        chosen = a;
      }
    }
    actions[static_cast<std::size_t>(r)] = encode(chosen, num_actions_);
  }
  return finite;
}

template <class T>
void DiscreteSac<T>::probabilities(std::span<const T> obs, int rows, std::span<T> out) {
  forward_act(obs, rows);
  std::vector<T> log_pi(static_cast<std::size_t>(num_actions_));
  for (int r = 0; r < rows; ++r) {
    for (int a = 0; a < num_actions_; ++a) log_pi[static_cast<std::size_t>(a)] = act_->logits.at(r, a);
    log_softmax(num_actions_, log_pi.data(), &out[static_cast<std::size_t>(r * num_actions_)]);
  }
}

template class DiscreteSac<float>;
template class DiscreteSac<double>;

}  // namespace softac

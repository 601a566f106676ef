#include "exact/bellman.h"

#include <algorithm>
#include <cmath>

namespace softac::exact {

Bellman::Bellman(const FiniteMdp& mdp, double alpha, double gamma, ThreadPool& pool, double reward_scale)
    : mdp_(mdp),
      alpha_(alpha),
      gamma_(gamma),
      pool_(pool),
      reward_scale_(reward_scale),
      num_blocks_((mdp.num_states + kBlock - 1) / kBlock),
      block_change_(num_blocks_),
      block_sum_(num_blocks_) {
  const std::size_t num_rows = mdp.num_states * mdp.num_actions;
  for (std::size_t row = 0; row < num_rows; ++row) {
    const std::int64_t first = mdp.row_start[row], end = mdp.row_start[row + 1];
    if (first == end) continue;
    double mass = 0.0;
    for (std::int64_t i = first; i < end; ++i) {
      if (mdp.next[i] < mdp.num_states) mass += mdp.p[i];
    }
    least_mass_ = std::min(least_mass_, mass);
    most_mass_ = std::max(most_mass_, mass);
    longest_row_ = std::max(longest_row_, end - first);
    largest_reward_ = std::max(largest_reward_, std::fabs(reward_scale * mdp.reward[row]));
  }
}

template <class Backup>
Change Bellman::sweep_with(const double* v, double* tv, Backup&& backup) {
  for_blocks([&](int block, std::int64_t first, std::int64_t end) {
    Change change;
    for (std::int64_t s = first; s < end; ++s) {
      if (mdp_.terminal(s)) {
        tv[s] = 0.0;
        continue;
      }
      const double value = backup(s);
      tv[s] = value;
      change.low = std::min(change.low, value - v[s]);
      change.high = std::max(change.high, value - v[s]);
      change.size = std::max(change.size, std::fabs(value));
    }
    block_change_[block] = change;
  });
  tv[mdp_.num_states] = 0.0;
  Change all;
  for (const Change& change : block_change_) {
    all.low = std::min(all.low, change.low);
    all.high = std::max(all.high, change.high);
    all.size = std::max(all.size, change.size);
  }
  return all;
}

Change Bellman::sweep(const double* v, double* tv, double* pi) {
  const std::int64_t num_actions = mdp_.num_actions;
  return sweep_with(v, tv, [&](std::int64_t s) {
    double* pi_s = pi != nullptr ? pi + s * num_actions : nullptr;
    if (alpha_ == 0.0) {
      double best = -std::numeric_limits<double>::infinity();
      for (std::int64_t a = 0; a < num_actions; ++a) {
        const double value = mdp_.available(s, a) ? q(s * num_actions + a, v) : std::nan("");
        if (pi_s != nullptr) pi_s[a] = value;
        if (value > best) best = value;
      }
      if (pi_s == nullptr) return best;
      double sum = 0.0;
      for (std::int64_t a = 0; a < num_actions; ++a) sum += pi_s[a] = pi_s[a] == best ? mdp_.weight(a) : 0.0;
      for (std::int64_t a = 0; a < num_actions; ++a) pi_s[a] /= sum;
      return best;
    }
    LogSumExp z(alpha_);
    for (std::int64_t a = 0; a < num_actions; ++a) {
      const bool available = mdp_.available(s, a);
      const double value = available ? q(s * num_actions + a, v) : 0.0;
      if (available) z.add(value, mdp_.weight(a));
      if (pi_s != nullptr) pi_s[a] = value;
    }
    if (pi_s != nullptr) {
      for (std::int64_t a = 0; a < num_actions; ++a)
        pi_s[a] = mdp_.available(s, a) ? mdp_.weight(a) * exp((pi_s[a] - z.max()) / alpha_) / z.sum() : 0.0;
    }
    return z.value();
  });
}

Change Bellman::policy_sweep(const double* v, double* tv, const double* pi, const double* entropy_term) {
  const std::int64_t num_actions = mdp_.num_actions;
  return sweep_with(v, tv, [&](std::int64_t s) {
    double sum = entropy_term[s];
    for (std::int64_t a = 0; a < num_actions; ++a) {
      const double share = pi[s * num_actions + a];
      if (share > 0.0) sum += share * q(s * num_actions + a, v);
    }
    return sum;
  });
}

void Bellman::residual_operator(const double* pi, const double* x, double* y) {
  const std::int64_t num_actions = mdp_.num_actions;
  for_blocks([&](int, std::int64_t first, std::int64_t end) {
    for (std::int64_t s = first; s < end; ++s) {
      double sum = 0.0;
      for (std::int64_t a = 0; a < num_actions; ++a) {
        const double share = pi[s * num_actions + a];
        if (!(share > 0.0)) continue;
        const std::size_t row = s * num_actions + a;
        double row_sum = 0.0;
        for (std::int64_t i = mdp_.row_start[row]; i < mdp_.row_start[row + 1]; ++i)
          row_sum += mdp_.p[i] * x[mdp_.next[i]];
        sum += share * row_sum;
      }
      y[s] = x[s] - gamma_ * sum;
    }
  });
  y[mdp_.num_states] = 0.0;
}

Bellman::Bounds Bellman::bounds(const Change& change, bool of_policy) const {
  Bounds out{0.0, 0.0, 0.0};
  if (!(change.low <= change.high)) return out;  // every state is terminal
  const double least = gamma_ * least_mass_, most = gamma_ * most_mass_;
  const auto beyond = [](double c, double mass) { return c * mass / (1.0 - mass); };
  out.low = beyond(change.low, change.low < 0.0 ? most : least);
  out.high = beyond(change.high, change.high > 0.0 ? most : least);
  // One backup's rounding, with |v| and |r| at most `size`: the row's chain of products, the log-sum-exp.
  constexpr double kUnit = 0x1p-53;
  const double size = change.size + largest_reward_;
  const auto actions = static_cast<double>(mdp_.num_actions);
  const double terms = static_cast<double>(longest_row_) + (of_policy ? actions : 0.0) + 4.0;
  const double backup = kUnit * (terms * size + (actions + 24.0) * alpha_);
  out.rounding = backup / (1.0 - most);
  return out;
}

double Bellman::dot(const double* a, const double* b) {
  for_blocks([&](int block, std::int64_t first, std::int64_t end) {
    double sum = 0.0;
    for (std::int64_t s = first; s < end; ++s) sum += a[s] * b[s];
    block_sum_[block] = sum;
  });
  double sum = 0.0;
  for (const double part : block_sum_) sum += part;
  return sum;
}

}  // namespace softac::exact

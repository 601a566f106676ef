// Sweeps of the soft Bellman operator over all states, in blocks that threads share. Values have S + 1 entries: the
// last is 0 and stands behind transitions that end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/elementary.h"
#include "base/thread_pool.h"
#include "softac/exact.h"

namespace softac::exact {

inline double exp(double x) {
  return elementary::exp(elementary::Scalar<double>(x)).v;
}
inline double log(double x) {
  return elementary::log(elementary::Scalar<double>(x)).v;
}

// Σ w exp((q − max)/α) over a stream of actions, the maximum taken out.
class LogSumExp {
 public:
  explicit LogSumExp(double alpha) : alpha_(alpha) {}
  void add(double q, double weight) {
    if (q <= max_) {
      sum_ += weight * exp((q - max_) / alpha_);
    } else {
      sum_ = sum_ * (sum_ > 0.0 ? exp((max_ - q) / alpha_) : 0.0) + weight;
      max_ = q;
    }
  }
  bool empty() const { return !(sum_ > 0.0); }
  double max() const { return max_; }
  double sum() const { return sum_; }
  // α log Σ w exp(q/α)
  double value() const { return max_ + alpha_ * log(sum_); }

 private:
  double alpha_;
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0.0;
};

// Smallest and largest of TV − V over the states that are not terminal.
struct Change {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double size = 0.0;  // largest |TV|
};

class Bellman {
 public:
  // Rewards count `reward_scale` times (0 for the limit α → ∞, with α = 1).
  Bellman(const FiniteMdp& mdp, double alpha, double gamma, ThreadPool& pool, double reward_scale = 1.0);

  const FiniteMdp& mdp() const { return mdp_; }
  double alpha() const { return alpha_; }
  double gamma() const { return gamma_; }

  // Q(s, a), E2; the row must not be empty.
  double q(std::int64_t row, const double* v) const {
    double sum = 0.0;
    const std::int64_t end = mdp_.row_start[row + 1];
    for (std::int64_t i = mdp_.row_start[row]; i < end; ++i) sum += mdp_.p[i] * v[mdp_.next[i]];
    return reward_scale_ * mdp_.reward[row] + gamma_ * sum;
  }

  // tv = α log Σ w exp(Q/α), E4 (max at α = 0). pi (S·A), where not null, receives the maximiser (E3).
  Change sweep(const double* v, double* tv, double* pi);
  // tv = Σ_a π Q + entropy_term(s), the operator of a fixed policy. entropy_term: (S) α times the entropy.
  Change policy_sweep(const double* v, double* tv, const double* pi, const double* entropy_term);
  // y = x − γ P_π x; x and y have S + 1 entries.
  void residual_operator(const double* pi, const double* x, double* y);

  // V* − TV lies within [low, high]: T is monotone, and T(V + c) − TV lies between γ·c times the smallest and the
  // largest sum of a row's continuing probabilities.
  struct Bounds {
    double low, high, rounding;
  };
  Bounds bounds(const Change& change, bool of_policy) const;

  // Σ over all states in an order that does not depend on threads.
  double dot(const double* a, const double* b);

  template <class Body>
  void for_blocks(Body&& body) {
    pool_.run(static_cast<int>(num_blocks_), [&](int block) {
      const std::int64_t first = block * kBlock;
      body(block, first, std::min(first + kBlock, mdp_.num_states));
    });
  }

 private:
  static constexpr std::int64_t kBlock = 2048;
  template <class Backup>
  Change sweep_with(const double* v, double* tv, Backup&& backup);

  const FiniteMdp& mdp_;
  double alpha_, gamma_;
  ThreadPool& pool_;
  double reward_scale_;
  std::int64_t num_blocks_;
  double least_mass_ = 1.0, most_mass_ = 0.0;  // of the continuing transitions in a row
  std::int64_t longest_row_ = 0;
  double largest_reward_ = 0.0;
  std::vector<Change> block_change_;
  std::vector<double> block_sum_;
};

}  // namespace softac::exact

// Finite Markov decision processes and their exact soft-optimal solutions (docs/math.md E1–E7): what SAC approximates,
// computed with a bound of the error.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace softac {

// Sparse transitions, rows (s, a) in the order s·A + a. Made by MdpBuilder. A row without transitions is an action that
// is not available; a state without any is terminal, its value 0. The functions below throw ContractError on one whose
// arrays do not fit together or hold values that are no probabilities, and on arguments of other sizes.
struct FiniteMdp {
  std::int64_t num_states = 0;            // S
  std::int64_t num_actions = 0;           // A
  std::vector<std::int64_t> row_start;    // (S·A + 1) into the arrays of transitions
  std::vector<std::int32_t> next;         // (T) successor; S where no value follows (terminated, or a terminal state)
  std::vector<double> p;                  // (T) sums to 1 in each row
  std::vector<double> reward;             // (S·A) Σ p·r, terminating transitions included
  std::vector<double> action_weight;      // (A) quadrature weights of a continuous action; empty: 1 each
  std::vector<double> transition_reward;  // (T) r; empty where r is the same within every row
  std::vector<std::pair<std::int64_t, std::int32_t>> ended;  // transitions that terminate, with their true successors

  bool available(std::int64_t s, std::int64_t a) const {
    const auto row = static_cast<std::size_t>(s * num_actions + a);
    return row_start[row] < row_start[row + 1];
  }
  double weight(std::int64_t a) const {
    return action_weight.empty() ? 1.0 : action_weight[static_cast<std::size_t>(a)];
  }
  bool terminal(std::int64_t s) const {
    return row_start[static_cast<std::size_t>(s * num_actions)] ==
           row_start[static_cast<std::size_t>((s + 1) * num_actions)];
  }
};

// Rows are given in order: add() for each transition of the row, then end_row(); finish() after S·A rows. ContractError
// on more rows than that, states that do not exist, numbers that are not finite, negative p, and rows whose p sum to
// something else than 1 (within 1e-6).
class MdpBuilder {
 public:
  // S and A from 1 to 2^31 − 2, else ContractError. max_bytes: MemoryError before anything is allocated if S·A rows
  // alone need more.
  MdpBuilder(std::int64_t num_states, std::int64_t num_actions,
             std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
  void reserve(std::int64_t num_transitions);
  void add(std::int64_t s_next, double p, double r, bool terminated);
  void end_row();
  // Throws ContractError if rows are missing.
  FiniteMdp finish();

 private:
  bool rows_left() const;

  FiniteMdp mdp_;
  std::vector<double> r_;  // of the row being built
  bool same_rewards_ = true;
};

// α = 0 is the hard problem, ties shared; α = ∞ the limit of α → ∞ (E4).
struct SoftOptions {
  double alpha = 1.0;
  double gamma = 0.99;
  double tolerance = 1e-9;                  // wanted bound of |v − V*|
  std::int64_t max_iterations = 1'000'000;  // sweeps
  int threads = 0;                          // 0 = all cores; never changes a result
};

struct SoftSolution {
  double alpha = 0.0;
  double gamma = 0.0;
  std::int64_t iterations = 0;       // Bellman sweeps
  std::int64_t products = 0;         // products with P_π in between
  double error_bound = 0.0;          // |v(s) − V*(s)| for every s, rounding included; at α = ∞ of plain_return
  std::vector<double> v;             // (S); at α = ∞ +∞ where entropy is still to come
  std::vector<double> q;             // (S, A); NaN where the action is not available
  std::vector<double> pi;            // (S, A) probabilities; 0 where not available
  std::vector<double> log_z;         // (S) log Σ w exp(Q/α), E3; at α = ∞ its limit; empty at α = 0
  std::vector<double> entropy;       // (S) −Σ π log(π/w)
  std::vector<double> plain_return;  // (S) discounted return of pi without entropy
};

// Soft-optimal values and policy (E7), by value iteration with bounds from the contraction, and Newton steps (soft
// policy iteration) where the sweeps alone converge slowly. Throws ConfigError on unusable options, NumericsError where
// values are beyond double precision.
SoftSolution solve_soft(const FiniteMdp& mdp, const SoftOptions& options);

// What can go wrong with the options, one line each; empty if nothing.
std::string option_violations(const SoftOptions& options);

// A policy is (S, A) probabilities, 0 on actions that are not available; in a state that is not terminal they sum to 1
// within 1e-4. ContractError on any other.
struct PolicyValue {
  std::vector<double> v;  // (S)
  double error_bound = 0.0;
  std::int64_t iterations = 0;
};
// Soft value of a policy (E2): V = Σ_a π (Q − α log(π/w)). options.alpha must be finite; 0 gives the plain return.
// Throws ConfigError on unusable options.
PolicyValue evaluate_policy(const FiniteMdp& mdp, std::span<const double> pi, const SoftOptions& options);

// Q(s, a) = r + γ E V(s'), E2; NaN where the action is not available. Here and below: 0 ≤ γ ≤ 1, 0 ≤ α < ∞ or as said.
std::vector<double> soft_q(const FiniteMdp& mdp, std::span<const double> v, double gamma);
// One Bellman sweep: V(s) = α log Σ w exp(Q/α), the free energy (E4); max at α = 0.
std::vector<double> soft_backup(const FiniteMdp& mdp, std::span<const double> v, double alpha, double gamma);
// E3, by log-sum-exp. α = 0: the best actions share, those within tie_width of the best; α = ∞: proportional to w.
// This is soft policy improvement if q is that of a policy. tie_width ≥ 0.
std::vector<double> boltzmann_policy(const FiniteMdp& mdp, std::span<const double> q, double alpha,
                                     double tie_width = 0.0);
// −Σ π log(π/w) per state.
std::vector<double> policy_entropy(const FiniteMdp& mdp, std::span<const double> pi);
// α log Σ w exp(Q/α) per state, α > 0; 0 in terminal states.
std::vector<double> free_energy(const FiniteMdp& mdp, std::span<const double> q, double alpha);

// Discounted occupancy (1 − γ) Σ_t γ^t P(s_t = s) from a start distribution (S); sums to 1 less what terminated. Within
// tolerance (> 0) in the 1-norm; γ < 1.
std::vector<double> discounted_occupancy(const FiniteMdp& mdp, std::span<const double> pi,
                                         std::span<const double> start, double gamma, double tolerance = 1e-12);

// A problem ready to solve.
struct ExactProblem {
  std::string name;
  FiniteMdp mdp;
  std::vector<double> start;  // (S) distribution of the first state
  // How to draw it. rows·cols = S where the states lie on a grid, else 0.
  int rows = 0, cols = 0;
  std::string cells;  // (S) letters of the cells: S start, G goal, H hole, C cliff, # wall; or empty
  std::vector<double> action_dx, action_dy;  // (A) direction of each action on the grid (y down); or empty
  std::vector<double> action_value;          // (A) the action itself where it is a number in [−1, 1]; or empty
  std::string x_label, y_label;
};

// 4×4 or 8×8 (size 4 or 8, else ContractError) map of Gymnasium's FrozenLake-v1, its env.P to the bit.
ExactProblem frozen_lake(int size = 4, bool slippery = true);
// Gymnasium's CliffWalking-v1.
ExactProblem cliff_walking(bool slippery = false);
// rows × cols open cells, start at the lower left, goal at the upper right: −1 per step, moves against a wall stay.
// From 2 to 1e8 cells.
ExactProblem grid_world(int rows = 5, int cols = 5);
// Each (s, a) has 4 successors drawn uniformly (they may coincide) with probabilities proportional to uniform draws,
// and a reward uniform in [0, 1). Row s·A + a draws from Rng(seed, row) in this order: 4 successors (below(S)), 4
// weights (1 − uniform()), the reward (uniform()). Throws MemoryError beyond max_bytes.
ExactProblem random_problem(std::int64_t num_states, std::int64_t num_actions, std::uint64_t seed,
                            std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());

// Text with the header s,a,s_next,p,r,terminated. Rows of the same (s, a, s_next, terminated) add. Throws IoError with
// `source` and the line on anything else, MemoryError beyond max_bytes.
ExactProblem parse_mdp_csv(std::string_view text, const std::string& source,
                           std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
// The rows of state s (0 … S − 1) as such text, appended; without the header.
void append_mdp_csv(const FiniteMdp& mdp, std::int64_t s, std::string& out);
constexpr const char* kMdpCsvHeader = "s,a,s_next,p,r,terminated";

// Policy and values as an SVG drawing: a grid with arrows, a map of the mean action, or a table of probabilities.
std::string policy_svg(const ExactProblem& problem, const SoftSolution& solution);

// Nodes and weights of Gauss–Legendre quadrature on [−1, 1]; exact for polynomials of degree 2n − 1. n
// from 1 to 100,000, else ContractError.
struct Quadrature {
  std::vector<double> node, weight;
};
Quadrature gauss_legendre(int n);

}  // namespace softac

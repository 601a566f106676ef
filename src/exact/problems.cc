// Finite problems that need nothing but themselves: grid worlds, Gymnasium's FrozenLake-v1 and CliffWalking-v1
// (toy_text, version 1.4.0), and random transitions.
#include <algorithm>
#include <array>
#include <vector>

#include "softac/error.h"
#include "softac/exact.h"
#include "softac/rng.h"

namespace softac {

namespace {

constexpr std::int64_t kMaxCells = 100'000'000;  // of a grid world

struct Move {
  int down, right;
};

// The square that a move leads to; walls hold.
std::pair<int, int> moved(int row, int col, Move move, int rows, int cols) {
  return {std::clamp(row + move.down, 0, rows - 1), std::clamp(col + move.right, 0, cols - 1)};
}

// Transitions of one row with equal successors added, in the order in which they first appear.
struct Outcome {
  std::int64_t s;
  double p, r;
  bool terminated;
};
void add_row(MdpBuilder& builder, const std::vector<Outcome>& outcomes) {
  std::vector<Outcome> merged;
  for (const Outcome& outcome : outcomes) {
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const Outcome& other) {
      return other.s == outcome.s && other.terminated == outcome.terminated && other.r == outcome.r;
    });
    if (same == merged.end()) {
      merged.push_back(outcome);
    } else {
      same->p += outcome.p;
    }
  }
  for (const Outcome& outcome : merged) builder.add(outcome.s, outcome.p, outcome.r, outcome.terminated);
  builder.end_row();
}

void set_grid(ExactProblem& problem, int rows, int cols, std::string cells, const std::vector<Move>& moves) {
  problem.rows = rows;
  problem.cols = cols;
  problem.start.assign(cells.size(), 0.0);
  const auto num_starts = static_cast<double>(std::count(cells.begin(), cells.end(), 'S'));
  for (std::size_t s = 0; s < cells.size(); ++s) problem.start[s] = cells[s] == 'S' ? 1.0 / num_starts : 0.0;
  problem.cells = std::move(cells);
  for (const Move move : moves) {
    problem.action_dx.push_back(move.right);
    problem.action_dy.push_back(move.down);
  }
}

}  // namespace

ExactProblem frozen_lake(int size, bool slippery) {
  SOFTAC_REQUIRE(size == 4 || size == 8, size);
  const std::string cells =
      size == 4 ? "SFFFFHFHFFFHHFFG" : "SFFFFFFFFFFFFFFFFFFHFFFFFFFFFHFFFFFHFFFFFHHFFFHFFHFFHFHFFFFHFFFG";
  const std::vector<Move> moves = {{0, -1}, {1, 0}, {0, 1}, {-1, 0}};  // left, down, right, up
  const double success = 1.0 / 3.0, fail = (1.0 - success) / 2.0;
  ExactProblem problem;
  problem.name = "frozenlake";
  MdpBuilder builder(size * size, 4);
  for (int s = 0; s < size * size; ++s) {
    const char letter = cells[s];
    for (int a = 0; a < 4; ++a) {
      std::vector<Outcome> outcomes;
      const auto add = [&](int direction, double p) {
        const auto [row, col] = moved(s / size, s % size, moves[direction % 4], size, size);
        const int to = row * size + col;
        const char there = cells[to];
        outcomes.push_back({to, p, there == 'G' ? 1.0 : 0.0, there == 'G' || there == 'H'});
      };
      if (letter == 'G' || letter == 'H') {
        outcomes.push_back({s, 1.0, 0.0, true});
      } else if (slippery) {
        add(a + 3, fail);
        add(a, success);
        add(a + 1, fail);
      } else {
        add(a, 1.0);
      }
      add_row(builder, outcomes);
    }
  }
  problem.mdp = builder.finish();
  set_grid(problem, size, size, cells, moves);
  return problem;
}

ExactProblem cliff_walking(bool slippery) {
  constexpr int kRows = 4, kCols = 12;
  constexpr int kStart = 36, kGoal = 47;
  const std::vector<Move> moves = {{-1, 0}, {0, 1}, {1, 0}, {0, -1}};  // up, right, down, left
  std::string cells(kRows * kCols, 'F');
  for (int s = kStart; s <= kGoal; ++s) cells[s] = s == kStart ? 'S' : s == kGoal ? 'G' : 'C';
  ExactProblem problem;
  problem.name = "cliffwalking";
  MdpBuilder builder(kRows * kCols, 4);
  for (int s = 0; s < kRows * kCols; ++s) {
    for (int a = 0; a < 4; ++a) {
      std::vector<Outcome> outcomes;
      const std::vector<int> directions = slippery ? std::vector<int>{a + 3, a, a + 1} : std::vector<int>{a};
      for (const int direction : directions) {
        const auto [row, col] = moved(s / kCols, s % kCols, moves[direction % 4], kRows, kCols);
        const int to = row * kCols + col;
        const bool falls = cells[to] == 'C';
        outcomes.push_back({falls ? kStart : to, 1.0 / static_cast<double>(directions.size()), falls ? -100.0 : -1.0,
                            !falls && to == kGoal});
      }
      add_row(builder, outcomes);
    }
  }
  problem.mdp = builder.finish();
  set_grid(problem, kRows, kCols, cells, moves);
  return problem;
}

ExactProblem grid_world(int rows, int cols) {
  SOFTAC_REQUIRE(rows >= 1 && cols >= 1 && std::int64_t{rows} * cols >= 2 && std::int64_t{rows} * cols <= kMaxCells,
                 rows, cols);
  const std::vector<Move> moves = {{-1, 0}, {0, 1}, {1, 0}, {0, -1}};  // up, right, down, left
  std::string cells(rows * cols, 'F');
  const int start = (rows - 1) * cols, goal = cols - 1;
  cells[start] = 'S';
  cells[goal] = 'G';
  ExactProblem problem;
  problem.name = "gridworld";
  MdpBuilder builder(rows * cols, 4);
  for (int s = 0; s < rows * cols; ++s) {
    for (const Move move : moves) {
      if (s != goal) {
        const auto [row, col] = moved(s / cols, s % cols, move, rows, cols);
        builder.add(row * cols + col, 1.0, -1.0, row * cols + col == goal);
      }
      builder.end_row();
    }
  }
  problem.mdp = builder.finish();
  set_grid(problem, rows, cols, cells, moves);
  return problem;
}

ExactProblem random_problem(std::int64_t num_states, std::int64_t num_actions, std::uint64_t seed,
                            std::uint64_t max_bytes) {
  constexpr int kSuccessors = 4;
  MdpBuilder builder(num_states, num_actions, max_bytes);
  const auto transition_bytes = static_cast<std::uint64_t>(num_states * num_actions) * kSuccessors * 12;
  if (transition_bytes > max_bytes) {
    throw MemoryError("the transitions of random:" + std::to_string(num_states) + "," + std::to_string(num_actions) +
                      " need " + std::to_string(transition_bytes / 1048576) + " MiB of memory, of which " +
                      std::to_string(max_bytes / 1048576) + " MiB are there");
  }
  builder.reserve(num_states * num_actions * kSuccessors);
  for (std::int64_t row = 0; row < num_states * num_actions; ++row) {
    Rng rng(seed, static_cast<std::uint64_t>(row));
    std::array<std::int64_t, kSuccessors> next{};
    std::array<double, kSuccessors> weight{};
    double sum = 0.0;
    for (auto& s : next) s = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(num_states)));
    for (auto& w : weight) sum += w = 1.0 - rng.uniform();
    const double reward = rng.uniform();
    for (std::size_t i = 0; i < kSuccessors; ++i) builder.add(next[i], weight[i] / sum, reward, false);
    builder.end_row();
  }
  ExactProblem problem;
  problem.name = "random";
  problem.mdp = builder.finish();
  problem.start.assign(num_states, 1.0 / static_cast<double>(num_states));
  return problem;
}

}  // namespace softac

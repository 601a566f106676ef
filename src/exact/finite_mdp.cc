// Builds the sparse transitions of a finite MDP row by row.
#include <cmath>
#include <new>

#include "softac/error.h"
#include "softac/exact.h"

namespace softac {

namespace {

constexpr double kMaxRowError = 1e-6;                      // of the probabilities of a row
constexpr std::size_t kMaxEntries = std::size_t{1} << 36;  // half a terabyte of doubles

template <class T>
void reserve_or_refuse(std::vector<T>& values, std::size_t count) {
  const auto refuse_count = [&] {
    throw MemoryError("a finite MDP: the system refused an array of " + std::to_string(count) + " entries");
  };
  if (count > kMaxEntries) refuse_count();
  try {
    values.reserve(count);
  } catch (const std::bad_alloc&) {
    refuse_count();
  }
}

}  // namespace

MdpBuilder::MdpBuilder(std::int64_t num_states, std::int64_t num_actions, std::uint64_t max_bytes) {
  SOFTAC_REQUIRE(num_states > 0 && num_states < std::numeric_limits<std::int32_t>::max(), num_states);
  SOFTAC_REQUIRE(num_actions > 0 && num_actions < std::numeric_limits<std::int32_t>::max(), num_actions);
  mdp_.num_states = num_states;
  mdp_.num_actions = num_actions;
  // Row starts and rewards here, values, policy and entropies in the solution.
  const double need = static_cast<double>(num_states) * (static_cast<double>(num_actions) * 40.0 + 100.0);
  if (need > static_cast<double>(max_bytes)) {
    throw MemoryError("a finite MDP of " + std::to_string(num_states) + " states and " + std::to_string(num_actions) +
                      " actions needs at least " + std::to_string(static_cast<std::uint64_t>(need / 1048576.0)) +
                      " MiB of memory, of which " + std::to_string(max_bytes / 1048576) + " MiB are there");
  }
  const std::size_t num_rows = num_states * num_actions;
  reserve_or_refuse(mdp_.row_start, num_rows + 1);
  mdp_.row_start.push_back(0);
  reserve_or_refuse(mdp_.reward, num_rows);
}

void MdpBuilder::reserve(std::int64_t num_transitions) {
  SOFTAC_REQUIRE(num_transitions >= 0, num_transitions);
  reserve_or_refuse(mdp_.next, num_transitions);
  reserve_or_refuse(mdp_.p, num_transitions);
}

void MdpBuilder::add(std::int64_t s_next, double p, double r, bool terminated) {
  SOFTAC_REQUIRE(rows_left(), mdp_.reward.size());
  SOFTAC_REQUIRE(s_next >= 0 && s_next < mdp_.num_states, s_next);
  SOFTAC_REQUIRE(p >= 0.0 && std::isfinite(p) && std::isfinite(r), p, r);
  if (terminated) {
    mdp_.ended.emplace_back(static_cast<std::int64_t>(mdp_.next.size()), static_cast<std::int32_t>(s_next));
    s_next = mdp_.num_states;
  }
  mdp_.next.push_back(static_cast<std::int32_t>(s_next));
  mdp_.p.push_back(p);
  r_.push_back(r);
}

bool MdpBuilder::rows_left() const {
  return !mdp_.row_start.empty() && static_cast<std::int64_t>(mdp_.reward.size()) < mdp_.num_states * mdp_.num_actions;
}

void MdpBuilder::end_row() {
  SOFTAC_REQUIRE(rows_left(), mdp_.reward.size());
  const std::size_t first = mdp_.row_start.back();
  double mass = 0.0;
  for (std::size_t i = first; i < mdp_.p.size(); ++i) mass += mdp_.p[i];
  SOFTAC_REQUIRE(r_.empty() || std::fabs(mass - 1.0) <= kMaxRowError, mdp_.reward.size(), mass);
  double sum = 0.0;
  bool same = true;
  for (std::size_t i = 0; i < r_.size(); ++i) {
    sum += mdp_.p[first + i] * r_[i];
    same = same && r_[i] == r_[0];
  }
  if (same && !r_.empty()) sum = r_[0];
  // From the first row with different rewards on they are kept for every transition.
  if (same_rewards_ && !same) {
    same_rewards_ = false;
    mdp_.transition_reward.reserve(mdp_.next.size());
    for (std::size_t row = 0; row < mdp_.reward.size(); ++row)
      mdp_.transition_reward.resize(mdp_.row_start[row + 1], mdp_.reward[row]);
  }
  if (!same_rewards_) mdp_.transition_reward.insert(mdp_.transition_reward.end(), r_.begin(), r_.end());
  r_.clear();
  mdp_.reward.push_back(sum);
  mdp_.row_start.push_back(static_cast<std::int64_t>(mdp_.next.size()));
}

FiniteMdp MdpBuilder::finish() {
  SOFTAC_REQUIRE(r_.empty() && static_cast<std::int64_t>(mdp_.reward.size()) == mdp_.num_states * mdp_.num_actions,
                 mdp_.reward.size());
  // A terminal state has no value: entering it ends.
  bool any_terminal = false;
  std::vector<bool> terminal(mdp_.num_states);
  for (std::int64_t s = 0; s < mdp_.num_states; ++s) any_terminal |= terminal[s] = mdp_.terminal(s);
  if (any_terminal) {
    std::vector<std::pair<std::int64_t, std::int32_t>> ended;
    std::size_t known = 0;
    for (std::size_t i = 0; i < mdp_.next.size(); ++i) {
      const std::int32_t s = mdp_.next[i];
      if (s == mdp_.num_states) {
        ended.push_back(mdp_.ended[known++]);
      } else if (terminal[s]) {
        ended.emplace_back(static_cast<std::int64_t>(i), s);
        mdp_.next[i] = static_cast<std::int32_t>(mdp_.num_states);
      }
    }
    mdp_.ended = std::move(ended);
  }
  return std::move(mdp_);
}

}  // namespace softac

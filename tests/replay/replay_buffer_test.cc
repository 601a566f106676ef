// The ring buffer against the reference of reference_replay.h, and its statistics, limits and costs.
#include "replay/replay_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <set>

#include "base/text.h"
#include "replay/reference_replay.h"
#include "softac/error.h"
#include "support/allocation_counter.h"

namespace softac::test {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Case {
  int obs_dim, act_dim, num_envs, n_steps;
  std::int64_t buffer_size;
};

class ReplayAgainstReference : public testing::TestWithParam<Case> {};

// Every drawn row is a stored transition with the window that the reference gives; every stored transition is drawn.
template <class T>
void expect_samples_match(ReplayBuffer& buffer, const std::vector<ReferenceRing>& rings, Rng& rng) {
  const ReplayShape& shape = buffer.shape();
  std::map<float, std::pair<int, int>> stored;  // obs[0] → environment, index
  for (int env = 0; env < shape.num_envs; ++env) {
    for (const int i : rings[static_cast<std::size_t>(env)].transitions()) {
      stored[rings[static_cast<std::size_t>(env)].at(i).obs[0]] = {env, i};
    }
  }
  ASSERT_EQ(buffer.num_transitions(), static_cast<std::int64_t>(stored.size()));
  const int size = 16 * static_cast<int>(stored.size()) + 1;
  OwnedBatch<T> batch(size, shape.obs_dim, shape.act_dim);
  for (int c = 0; c < shape.obs_dim + shape.act_dim; ++c) {
    for (int r = 0; r < 2 * size; ++r) batch.view.x.at(r, c) = std::numeric_limits<T>::quiet_NaN();
  }
  buffer.sample(rng, batch.view);
  std::map<float, int> seen;
  for (int b = 0; b < size; ++b) {
    const auto id = static_cast<float>(batch.view.x.at(b, 0));
    ASSERT_TRUE(stored.contains(id)) << id;
    ++seen[id];
    const auto [env, index] = stored[id];
    const ReferenceRing& ring = rings[static_cast<std::size_t>(env)];
    const FullTransition& t = ring.at(index);
    const auto window = ring.window(index, shape.n_steps, shape.gamma);
    for (int j = 0; j < shape.obs_dim; ++j) {
      const auto k = static_cast<std::size_t>(j);
      ASSERT_EQ(batch.view.x.at(b, j), static_cast<T>(t.obs[k]));
      ASSERT_EQ(batch.view.x.at(size + b, j), static_cast<T>(window.next_obs[k]));
    }
    for (int j = 0; j < shape.act_dim; ++j) {
      ASSERT_EQ(batch.view.x.at(b, shape.obs_dim + j), static_cast<T>(t.action[static_cast<std::size_t>(j)]));
      ASSERT_TRUE(std::isnan(batch.view.x.at(size + b, shape.obs_dim + j)));  // the agent's to write
    }
    ASSERT_EQ(batch.reward[static_cast<std::size_t>(b)], static_cast<T>(window.reward));
    ASSERT_EQ(batch.discount[static_cast<std::size_t>(b)], static_cast<T>(window.discount));
  }
  for (const auto& [id, where] : stored) EXPECT_TRUE(seen.contains(id)) << "never drawn: " << id;
  for (int c = shape.obs_dim + shape.act_dim; c < num_panels(shape.obs_dim + shape.act_dim) * kLanes; ++c) {
    for (int r = 0; r < 2 * size; ++r) ASSERT_EQ(batch.view.x.at(r, c), T(0));
  }
}

TEST_P(ReplayAgainstReference, RowsAndWindowsAreEqual) {
  const Case& c = GetParam();
  const ReplayShape shape{c.obs_dim, c.act_dim, c.num_envs, c.buffer_size, c.n_steps, 0.9};
  ReplayBuffer buffer(shape, kNoLimit);
  EpisodeSource source(c.obs_dim, c.act_dim, c.num_envs, 7);
  std::vector<ReferenceRing> rings(static_cast<std::size_t>(c.num_envs), ReferenceRing(c.buffer_size / c.num_envs));
  Rng rng(3, StreamKind::test);
  for (int round = 0; round < 150; ++round) {
    for (int env = 0; env < c.num_envs; ++env) {
      const FullTransition t = source.next(env);
      add(buffer, env, t);
      rings[static_cast<std::size_t>(env)].add(t);
    }
    if (round < 12 || round % 9 == 0) {
      expect_samples_match<float>(buffer, rings, rng);
      expect_samples_match<double>(buffer, rings, rng);
    }
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ReplayAgainstReference,
                         testing::Values(Case{3, 1, 1, 1, 40}, Case{3, 1, 1, 3, 40}, Case{17, 6, 1, 5, 64},
                                         Case{14, 2, 3, 2, 61}, Case{33, 1, 8, 4, 200}, Case{1, 16, 2, 5, 4},
                                         Case{16, 16, 1, 1, 1000}));

TEST(ReplayBuffer, TruncationBootstrapsAndTerminationDoesNot) {
  const ReplayShape shape{1, 1, 1, 100, 3, 0.5};
  for (const bool terminated : {false, true}) {
    ReplayBuffer buffer(shape, kNoLimit);
    const std::vector<float> action = {0.0f}, s0 = {0.0f}, s1 = {1.0f}, s2 = {2.0f}, s3 = {30.0f};
    buffer.add(0, s0, action, 1.0f, s1, false, false);
    buffer.add(0, s1, action, 10.0f, s2, terminated, !terminated);
    buffer.add(0, s3, action, 1000.0f, s0, false, false);  // the next episode never leaks into the window before
    Rng rng(1, StreamKind::test);
    OwnedBatch<double> batch(64, 1, 1);
    buffer.sample(rng, batch.view);
    int num_checked = 0;
    for (int b = 0; b < 64; ++b) {
      if (batch.view.x.at(b, 0) != 0.0) continue;
      ++num_checked;
      EXPECT_EQ(batch.view.x.at(64 + b, 0), 2.0);
      EXPECT_EQ(batch.reward[static_cast<std::size_t>(b)], 1.0 + 0.5 * 10.0);
      EXPECT_EQ(batch.discount[static_cast<std::size_t>(b)], terminated ? 0.0 : 0.25);
    }
    EXPECT_GT(num_checked, 5);
  }
}

TEST(ReplayBuffer, EpisodeLeftWithoutAFlagCountsAsTruncated) {
  ReplayBuffer buffer({1, 1, 1, 100, 2, 0.5}, kNoLimit);
  const std::vector<float> action = {0.0f}, s0 = {0.0f}, s1 = {1.0f}, other = {50.0f}, after = {51.0f};
  buffer.add(0, s0, action, 1.0f, s1, false, false);
  buffer.add(0, other, action, 7.0f, after, false, false);
  Rng rng(1, StreamKind::test);
  OwnedBatch<float> batch(32, 1, 1);
  buffer.sample(rng, batch.view);
  for (int b = 0; b < 32; ++b) {
    const bool first = batch.view.x.at(b, 0) == 0.0f;
    EXPECT_EQ(batch.view.x.at(32 + b, 0), first ? 1.0f : 51.0f);
    EXPECT_EQ(batch.reward[static_cast<std::size_t>(b)], first ? 1.0f : 7.0f);
    EXPECT_EQ(batch.discount[static_cast<std::size_t>(b)], 0.5f);
  }
}

// χ² of the counts over all stored transitions, episodes of very different lengths, a wrapped ring, uneven rings.
TEST(ReplayBuffer, DrawsUniformly) {
  const int num_envs = 3;
  ReplayBuffer buffer({2, 1, num_envs, 300, 1, 0.99}, kNoLimit);
  EpisodeSource source(2, 1, num_envs, 11);
  for (int env = 0; env < num_envs; ++env) {
    for (int i = 0; i < 30 + 100 * env; ++i) add(buffer, env, source.next(env));
  }
  Rng rng(5, StreamKind::test);
  OwnedBatch<float> batch(1000, 2, 1);
  std::map<float, double> counts;
  const int num_batches = 400;
  for (int i = 0; i < num_batches; ++i) {
    buffer.sample(rng, batch.view);
    for (int b = 0; b < 1000; ++b) counts[batch.view.x.at(b, 0)] += 1.0;
  }
  const auto num_cells = static_cast<double>(buffer.num_transitions());
  ASSERT_EQ(static_cast<double>(counts.size()), num_cells);
  const double expected = 1000.0 * num_batches / num_cells;
  double chi_square = 0.0;
  for (const auto& [id, count] : counts) chi_square += (count - expected) * (count - expected) / expected;
  // Mean m = cells − 1, standard deviation √(2m); 4 of them is a chance of about 1e-4, and the seed is fixed.
  const double mean = num_cells - 1.0;
  EXPECT_LT(std::abs(chi_square - mean), 4.0 * std::sqrt(2.0 * mean)) << num_cells;
}

TEST(ReplayBuffer, NeitherAddNorSampleAllocates) {
  ReplayBuffer buffer({17, 6, 2, 1000, 3, 0.99}, kNoLimit);
  EpisodeSource source(17, 6, 2, 1);
  std::vector<FullTransition> steps;
  for (int i = 0; i < 3000; ++i) steps.push_back(source.next(i % 2));
  Rng rng(1, StreamKind::test);
  OwnedBatch<float> batch(256, 17, 6);
  add(buffer, 0, steps[0]);
  buffer.sample(rng, batch.view);
  const std::int64_t before = num_allocations();
  for (std::size_t i = 1; i < steps.size(); ++i) {
    add(buffer, static_cast<int>(i % 2), steps[i]);
    buffer.sample(rng, batch.view);
  }
  EXPECT_EQ(num_allocations(), before);
}

// Whatever the length of the episodes: 0 = one that never ends.
TEST(ReplayBuffer, ABufferOfNHoldsTheNewestNTransitions) {
  for (const int length : {0, 1, 2, 3, 7}) {
    ReplayBuffer buffer({1, 1, 1, 10, 1, 0.99}, kNoLimit);
    const std::vector<float> action = {0.0f};
    for (int i = 0; i < 95; ++i) {
      const std::vector<float> obs = {static_cast<float>(i)}, next_obs = {static_cast<float>(i + 1)};
      const bool ends = length > 0 && (i + 1) % length == 0;
      buffer.add(0, obs, action, 0.0f, next_obs, ends && i % 2 == 0, ends && i % 2 != 0);
      ASSERT_EQ(buffer.num_transitions(), std::min(i + 1, 10)) << length;
    }
    Rng rng(1, StreamKind::test);
    OwnedBatch<float> batch(400, 1, 1);
    buffer.sample(rng, batch.view);
    std::set<float> seen;
    for (int b = 0; b < 400; ++b) {
      seen.insert(batch.view.x.at(b, 0));
      ASSERT_EQ(batch.view.x.at(400 + b, 0), batch.view.x.at(b, 0) + 1.0f) << length;
    }
    EXPECT_EQ(seen.size(), 10u) << length;
    EXPECT_EQ(*seen.begin(), 85.0f) << length;
  }
}

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// The ring runs through twice as many slots as it keeps; what it has left costs nothing.
TEST(ReplayBuffer, TakesTheMemoryOfItsTransitions) {
  const ReplayShape shape{1000, 1, 1, 16'000, 1, 0.99};
  const auto needed = static_cast<std::int64_t>(ReplayBuffer::bytes_needed(shape));
  const std::int64_t before = resident_bytes();
  ReplayBuffer buffer(shape, kNoLimit);
  std::vector<float> obs(1000, 1.0f), next_obs(1000, 1.0f), action(1, 0.0f);
  std::int64_t most = 0;
  for (int i = 0; i < 80'000; ++i) {
    obs[0] = static_cast<float>(i);
    next_obs[0] = static_cast<float>(i + 1);
    buffer.add(0, obs, action, 0.0f, next_obs, false, false);
    if (i % 1'000 == 0) most = std::max(most, resident_bytes() - before);
  }
  EXPECT_EQ(buffer.num_transitions(), 16'000);
  Rng rng(1, StreamKind::test);
  OwnedBatch<float> batch(256, 1000, 1);
  buffer.sample(rng, batch.view);
  for (int b = 0; b < 256; ++b) {
    EXPECT_GE(batch.view.x.at(b, 0), 64'000.0f);
    EXPECT_EQ(batch.view.x.at(b, 999), 1.0f);
    EXPECT_EQ(batch.view.x.at(256 + b, 0), batch.view.x.at(b, 0) + 1.0f);
  }
  EXPECT_GT(most, needed / 2);
  EXPECT_LT(most, needed + (std::int64_t{16} << 20));
}

TEST(ReplayBuffer, RefusesWhatDoesNotFitIntoMemory) {
  const ReplayShape shape{17, 6, 1, 1'000'000, 1, 0.99};
  const std::uint64_t needed = ReplayBuffer::bytes_needed(shape);
  EXPECT_GE(needed, 100'000'000u);
  EXPECT_LE(needed, 101'000'000u);
  EXPECT_NO_THROW(ReplayBuffer(shape, needed));
  try {
    ReplayBuffer buffer(shape, needed - 1);
    FAIL() << "took " << needed << " bytes";
  } catch (const MemoryError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr(bytes_text(needed) + " needed"),
                               testing::HasSubstr("buffer_size = 1000000"), testing::HasSubstr("available")));
  }
  EXPECT_THROW(ReplayBuffer({17, 6, 1, 1'000'000'000'000'000, 1, 0.99}, kNoLimit),
               MemoryError);  // no overflow on the way
}

TEST(ReplayBuffer, RefusesFewerThanTwoTransitionsPerEnvironment) {
  EXPECT_THROW(ReplayBuffer({1, 1, 8, 15, 1, 0.99}, kNoLimit), ConfigError);
  EXPECT_NO_THROW(ReplayBuffer({1, 1, 8, 16, 1, 0.99}, kNoLimit));
}

TEST(ReplayBuffer, SampleFromNothingIsAContractError) {
  ReplayBuffer buffer({1, 1, 1, 10, 1, 0.99}, kNoLimit);
  Rng rng(1, StreamKind::test);
  OwnedBatch<float> batch(1, 1, 1);
  EXPECT_THROW(buffer.sample(rng, batch.view), ContractError);
}

}  // namespace
}  // namespace softac::test

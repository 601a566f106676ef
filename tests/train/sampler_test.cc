// Batches of which a part comes from recorded data.
#include "train/sampler.h"

#include <gtest/gtest.h>

#include "softac/error.h"
#include "support/allocation_counter.h"

namespace softac::test {
namespace {

constexpr int kObsDim = 19, kActDim = 2;  // two panels

// Transitions whose observations begin with `mark` and their number.
void fill(ReplayBuffer& replay, float mark, int count) {
  std::vector<float> obs(kObsDim, mark), next_obs(kObsDim, mark), action(kActDim, mark);
  for (int i = 0; i < count; ++i) {
    obs[1] = obs[kObsDim - 1] = static_cast<float>(i);
    next_obs[1] = next_obs[kObsDim - 1] = static_cast<float>(i + 1);
    action[1] = static_cast<float>(-i);
    replay.add(0, obs, action, mark + static_cast<float>(i), next_obs, false, i % 7 == 6);
  }
}

struct Fixture {
  explicit Fixture(int batch_size, int n_steps = 1)
      : online({kObsDim, kActDim, 1, 1000, n_steps}), offline({kObsDim, kActDim, 1, 1000, n_steps}), size(batch_size) {
    fill(online, 1.0f, 100);
    fill(offline, 2.0f, 50);
    batch = make();
  }
  BatchView<float> make() {
    const auto n = static_cast<std::size_t>(size);
    return {arena.panels<float>(2 * size, kObsDim + kActDim),
            arena.take<float>(n),
            arena.take<float>(n),
            size,
            kObsDim,
            kActDim};
  }
  // Which rows of the last batch are recorded, as digits.
  std::string rows() const {
    std::string out;
    for (int r = 0; r < size; ++r) out += batch.x.at(r, 0) == 2.0f ? '1' : '0';
    return out;
  }

  ReplayBuffer online, offline;
  Arena arena;
  int size;
  BatchView<float> batch;
};

std::string rows_at(double ratio, int size) {
  Fixture f(size);
  Sampler sampler(f.online, 1);
  sampler.mix(f.offline, ratio);
  sampler.fill(f.batch);
  const std::string rows = f.rows();
  EXPECT_EQ(static_cast<int>(std::count(rows.begin(), rows.end(), '1')), sampler.num_offline(size));
  return rows;
}

TEST(MixedSampler, RowsAreInterleaved) {
  EXPECT_EQ(rows_at(0.5, 8), "10101010");
  EXPECT_EQ(rows_at(0.5, 7), "1010101");
  EXPECT_EQ(rows_at(0.25, 8), "10001000");
  EXPECT_EQ(rows_at(0.75, 8), "11101110");
  EXPECT_EQ(rows_at(0.1, 20), "10000000001000000000");
  EXPECT_EQ(rows_at(1.0, 4), "1111");
  EXPECT_EQ(rows_at(1e-9, 5), "10000");
}

TEST(MixedSampler, EachPartIsWhatItsReplayGives) {
  for (const int n_steps : {1, 3}) {
    Fixture f(20, n_steps);
    Sampler sampler(f.online, 5);
    sampler.mix(f.offline, 0.5);
    for (int i = 0; i < 3; ++i) sampler.fill(f.batch);
    Fixture half(10, n_steps);
    const BatchView<float> online = half.make(), offline = half.make();
    Rng online_rng(5, StreamKind::sample), offline_rng(5, StreamKind::sample, 2);
    for (int i = 0; i < 3; ++i) {
      f.online.sample(online_rng, online);
      f.offline.sample(offline_rng, offline);
    }
    for (int r = 0; r < 20; ++r) {
      const BatchView<float>& from = r % 2 == 0 ? offline : online;
      EXPECT_EQ(f.batch.reward[r], from.reward[r / 2]);
      EXPECT_EQ(f.batch.discount[r], from.discount[r / 2]);
      for (int c = 0; c < kObsDim + kActDim; ++c) ASSERT_EQ(f.batch.x.at(r, c), from.x.at(r / 2, c));
      for (int c = 0; c < kObsDim; ++c) ASSERT_EQ(f.batch.x.at(20 + r, c), from.x.at(10 + r / 2, c));
    }
    EXPECT_EQ(sampler.rng().position(), online_rng.position());
    EXPECT_EQ(sampler.offline_rng().position(), offline_rng.position());
  }
}

TEST(MixedSampler, WithoutDataNothingIsDrawnForThem) {
  Fixture f(16);
  Sampler sampler(f.online, 3);
  EXPECT_FALSE(sampler.is_mixed());
  sampler.fill(f.batch);
  EXPECT_EQ(f.rows(), std::string(16, '0'));
  EXPECT_EQ(sampler.offline_rng().position(), 0u);
}

TEST(MixedSampler, BothPartsAreNormalised) {
  Fixture f(8);
  Sampler sampler(f.online, 3);
  sampler.mix(f.offline, 0.5);
  const auto all = [](double value) { return std::vector<double>(kObsDim, value); };
  sampler.set_normalisation(BatchNormalisation{all(1.0), all(0.5), all(10.0), 10.0, 2.0});
  sampler.fill(f.batch);
  for (int r = 0; r < 8; ++r) {
    EXPECT_EQ(f.batch.x.at(r, 0), r % 2 == 0 ? 2.0f : 0.0f);  // of the marks 2 and 1
    EXPECT_LE(f.batch.reward[r], 2.0f);
  }
}

TEST(MixedSampler, DoesNotAllocate) {
  Fixture f(32);
  Sampler sampler(f.online, 3);
  sampler.mix(f.offline, 0.5);
  sampler.fill(f.batch);
  const std::int64_t before = num_allocations();
  for (int i = 0; i < 10; ++i) sampler.fill(f.batch);
  EXPECT_EQ(num_allocations(), before);
}

TEST(MixedSampler, RefusesWhatDoesNotFit) {
  Fixture f(8);
  Sampler sampler(f.online, 3);
  ReplayBuffer empty({kObsDim, kActDim, 1, 10}), wide({kObsDim + 1, kActDim, 1, 10}),
      steps({kObsDim, kActDim, 1, 10, 2});
  EXPECT_THROW(sampler.mix(empty, 0.5), ContractError);
  EXPECT_THROW(sampler.mix(wide, 0.5), ContractError);
  EXPECT_THROW(sampler.mix(steps, 0.5), ContractError);
  EXPECT_THROW(sampler.mix(f.offline, 0.0), ContractError);
  EXPECT_THROW(sampler.mix(f.offline, 1.5), ContractError);
}

}  // namespace
}  // namespace softac::test

// Recorded data as the learner gets them: actions on its scale, windows, and what is refused with the numbers.
#include "train/offline_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/discrete_action.h"
#include "base/temp_dir.h"
#include "formats/minari.h"
#include "math/arena.h"
#include "replay/replay_segment.h"
#include "softac/error.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMuch = std::uint64_t{1} << 40;

EnvSpec make_spec() {
  EnvSpec spec;
  spec.id = "Toy-v0";
  spec.obs_dim = 2;
  spec.act_dim = 1;
  spec.act_low = {-1.0};
  spec.act_high = {3.0};
  return spec;
}

void write(const Path& path, std::span<const std::byte> bytes) {
  const auto file = posix_file_system().open_write(path, WriteMode::truncate);
  file->write(bytes);
  file->close();
}

std::unique_ptr<OfflineData> load(const Path& path, const EnvSpec& spec, TrainConfig config = {},
                                  std::uint64_t limit = kMuch) {
  config.env_id = spec.id;
  config.offline_data = path.string();
  const ReplayBuffer online({spec.obs_dim, spec.act_dim, 2, 100, config.sac.n_steps, config.sac.gamma}, kMuch);
  return load_offline_data(config, spec, online, limit);
}

template <class E = IoError>
std::string error_of(const Path& path, const EnvSpec& spec, const TrainConfig& config = {},
                     std::uint64_t limit = kMuch) {
  try {
    load(path, spec, config, limit);
  } catch (const E& error) {
    return error.what();
  }
  return "accepted";
}

// One episode of two steps and one of three.
class OfflineSegments : public testing::Test {
 protected:
  Path write_with_action(float action) {
    ReplayBuffer replay({2, 1, 1, 100}, kMuch);
    const auto add = [&](float x, bool terminated, bool truncated) {
      replay.add(0, std::vector<float>{x, 0.5f}, std::vector<float>{action}, 10.0f * x,
                 std::vector<float>{x + 1.0f, 0.5f}, terminated, truncated);
    };
    for (const float x : {0.0f, 1.0f}) add(x, x == 1.0f, false);
    for (const float x : {5.0f, 6.0f, 7.0f}) add(x, false, x == 7.0f);
    const Path path = dir_.path() / "segment-000000001.bin";
    write(path, encode_segment(replay, std::vector<SegmentRange>{{0, replay.ring(0).total}}));
    return path;
  }
  TempDir dir_;
};

TEST_F(OfflineSegments, AreTheReplayThatTheyCameFrom) {
  const auto data = load(write_with_action(0.25f), make_spec());
  EXPECT_EQ(data->shape.episodes, 2);
  EXPECT_EQ(data->replay.num_transitions(), 5);
  EXPECT_EQ(data->replay.shape().num_envs, 1);
  const auto first = data->replay.transition(0, 1);
  EXPECT_TRUE(first->terminated);
  EXPECT_EQ(first->action[0], 0.25f);
  EXPECT_EQ(first->reward, 10.0f);
  EXPECT_EQ(first->next_obs[0], 2.0f);
  EXPECT_FALSE(data->replay.transition(0, 2));  // an end slot
  EXPECT_THAT(data->summary, HasSubstr("5 transitions of 2 episodes"));
  EXPECT_EQ(data->warning, "");
}

TEST_F(OfflineSegments, WindowsEndWithEpisodes) {
  TrainConfig config;
  config.sac.n_steps = 3;
  config.sac.gamma = 0.5;
  const auto data = load(write_with_action(0.0f), make_spec(), config);
  Arena arena;
  const BatchView<float> batch{arena.panels<float>(128, 3), arena.take<float>(64), arena.take<float>(64), 64, 2, 1};
  Rng rng(1, StreamKind::test);
  data->replay.sample(rng, batch);
  for (int r = 0; r < 64; ++r) {
    const float x = batch.x.at(r, 0);
    if (x == 0.0f) {
      EXPECT_EQ(batch.reward[r], 5.0f);
      EXPECT_EQ(batch.discount[r], 0.0f);
    } else if (x == 5.0f) {
      EXPECT_EQ(batch.reward[r], 50.0f + 30.0f + 17.5f);
      EXPECT_EQ(batch.discount[r], 0.125f);
    }
  }
}

TEST_F(OfflineSegments, ActionsBeyondTheBoundsAreThePlainGaussians) {
  const Path path = write_with_action(1.5f);
  EXPECT_THAT(error_of(path, make_spec()), HasSubstr("actions[0][0] is 1.5: must be from -1 to 1"));
  TrainConfig config;
  config.sac.policy = PolicyKind::gaussian;
  EXPECT_EQ(load(path, make_spec(), config)->replay.transition(0, 0)->action[0], 1.5f);
}

TEST_F(OfflineSegments, OtherSizesAndTooLittleMemoryAreRefused) {
  const Path path = write_with_action(0.0f);
  EnvSpec spec = make_spec();
  spec.obs_dim = 3;
  EXPECT_THAT(error_of(path, spec), HasSubstr("observations of 2 and actions of 1 numbers, Toy-v0 has 3 and 1"));
  EXPECT_THAT(error_of<MemoryError>(path, make_spec(), {}, 100), HasSubstr("5 transitions take"));
}

class OfflineMinari : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_minari()) GTEST_SKIP() << minari_missing_text();
    episode_.steps = 3;
    episode_.obs = {0, 0, 1, 0, 2, 0, 3, 0};
    episode_.actions = {-1.0, 1.0, 3.0};
    episode_.rewards = {1, 2, 3};
  }
  Path write_dataset(int num_actions = 0) {
    MinariDataset dataset{"Toy-v0", {0, 0}, {1, 1}, {-1.0}, {3.0}, num_actions};
    const Path path = dir_.path() / "main_data.hdf5";
    write(path, encode_minari(dataset, std::span(&episode_, 1)));
    const std::string metadata = minari_metadata(dataset, std::span(&episode_, 1), 1);
    write(dir_.path() / "metadata.json", std::as_bytes(std::span(metadata)));
    return path;
  }
  TempDir dir_;
  DataEpisode episode_;
};

TEST_F(OfflineMinari, ActionsGetTheLearnersScale) {
  const auto data = load(write_dataset(), make_spec());
  EXPECT_EQ(data->replay.num_transitions(), 3);
  for (const auto& [number, action] : {std::pair{0, -1.0f}, {1, 0.0f}, {2, 1.0f}})
    EXPECT_EQ(data->replay.transition(0, number)->action[0], action);
  EXPECT_TRUE(data->replay.transition(0, 2)->truncated);  // without a flag: cut off
  EXPECT_EQ(data->warning, "");
  EnvSpec other = make_spec();
  other.id = "Other-v0";
  EXPECT_THAT(load(dir_.path(), other)->warning, HasSubstr("are of Toy-v0, this run is of Other-v0"));
}

TEST_F(OfflineMinari, BothFlagsMeanTerminated) {
  episode_.terminated = episode_.truncated = true;
  const auto data = load(write_dataset(), make_spec());
  EXPECT_TRUE(data->replay.transition(0, 2)->terminated);
  EXPECT_FALSE(data->replay.transition(0, 2)->truncated);
}

TEST_F(OfflineMinari, RoundedBoundsAreTheBounds) {
  EnvSpec spec = make_spec();
  spec.act_high = {3.0 * (1.0 - 1e-7)};
  EXPECT_EQ(load(write_dataset(), spec)->replay.transition(0, 2)->action[0], 1.0f);
  spec.act_high = {2.9};
  EXPECT_THAT(error_of(write_dataset(), spec), HasSubstr("episode_0: actions[2][0] is 3: Toy-v0 takes -1 to 2.9"));
}

TEST_F(OfflineMinari, DiscreteActionsAreWholeNumbers) {
  EnvSpec spec = make_spec();
  spec.num_actions = 4;
  spec.act_low = {0.0};
  spec.act_high = {4.0};
  episode_.actions = {0, 1, 3};
  const auto data = load(write_dataset(4), spec);
  for (const auto& [number, action] : {std::pair{0, 0}, {1, 1}, {2, 3}})
    EXPECT_EQ(decode_discrete_action(static_cast<double>(data->replay.transition(0, number)->action[0]), 4), action);
  spec.num_actions = 3;
  EXPECT_THAT(error_of(dir_.path(), spec), HasSubstr("actions[2][0] is 3: Toy-v0 takes whole numbers from 0 to 2"));
  episode_.actions = {0, 1.5, 2};
  EXPECT_THAT(error_of(write_dataset(), spec), HasSubstr("actions[1][0] is 1.5"));
}

TEST_F(OfflineMinari, NumbersThatAreNotFiniteAreRefused) {
  episode_.obs[5] = std::nan("");
  EXPECT_THAT(error_of(write_dataset(), make_spec()), HasSubstr("episode_0: observations[2][1] is NaN"));
  episode_.obs[5] = 0.0;
  episode_.rewards[1] = 1e300;
  EXPECT_THAT(error_of(write_dataset(), make_spec()), HasSubstr("rewards[1] is 1e+300, which float32 cannot hold"));
}

TEST(OfflineData, NoneIsNothing) {
  EXPECT_EQ(load_offline_data({}, make_spec(), ReplayBuffer({2, 1, 1, 100}), kMuch), nullptr);
}

}  // namespace
}  // namespace softac::test

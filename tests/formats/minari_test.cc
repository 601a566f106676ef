// Minari's datasets: what is written is read back; whatever the bytes are, reading them ends in episodes or IoError.
#include "formats/minari.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/json.h"
#include "base/temp_dir.h"
#include "softac/error.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

std::vector<DataEpisode> make_episodes() {
  std::vector<DataEpisode> out;
  for (int i = 0; i < 12; ++i) {  // episode_10 comes after episode_9
    DataEpisode episode;
    episode.name = "episode_" + std::to_string(i);
    episode.steps = 3 + i;
    for (std::int64_t t = 0; t <= episode.steps; ++t) {
      for (int j = 0; j < 2; ++j) episode.obs.push_back(static_cast<double>(10 * t + j) + 0.25 * i);
    }
    for (std::int64_t t = 0; t < episode.steps; ++t) {
      episode.actions.push_back(0.5 - 0.125 * static_cast<double>(t % 8));
      episode.rewards.push_back(0.1 * static_cast<double>(t));
    }
    episode.terminated = i % 2 == 0;
    episode.truncated = i % 3 == 1;
    out.push_back(episode);
  }
  return out;
}

const MinariDataset kDataset{"Toy-v0", {-1.0, -std::numeric_limits<double>::infinity()}, {1.0, 2.0}, {-2.0}, {2.0}, 0};

class Minari : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_minari()) GTEST_SKIP() << minari_missing_text();
    try {
      bytes_ = encode_minari(kDataset, make_episodes());
    } catch (const IoError& error) {
      GTEST_SKIP() << error.what();
    }
  }
  Path write(const std::vector<std::byte>& bytes) {
    const Path path = dir_.path() / "main_data.hdf5";
    const auto file = posix_file_system().open_write(path, WriteMode::truncate);
    file->write(std::span<const std::byte>(bytes));
    file->close();
    return path;
  }
  static std::vector<DataEpisode> read(const Path& path, MinariShape* shape = nullptr) {
    std::vector<DataEpisode> out;
    read_minari(
        path,
        [&](const MinariShape& found) {
          if (shape) *shape = found;
        },
        [&](const DataEpisode& episode) { out.push_back(episode); });
    return out;
  }

  TempDir dir_;
  std::vector<std::byte> bytes_;
};

TEST_F(Minari, ReadsBackWhatItWrote) {
  MinariShape shape;
  const std::vector<DataEpisode> expected = make_episodes(), found = read(write(bytes_), &shape);
  EXPECT_EQ(shape.episodes, 12);
  EXPECT_EQ(shape.transitions, 12 * 3 + 66);
  EXPECT_EQ(shape.obs_dim, 2);
  EXPECT_EQ(shape.act_dim, 1);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].name, expected[i].name);
    EXPECT_EQ(found[i].obs, expected[i].obs);
    EXPECT_EQ(found[i].actions, expected[i].actions);
    EXPECT_EQ(found[i].rewards, expected[i].rewards);
    EXPECT_EQ(found[i].terminated, expected[i].terminated);
    EXPECT_EQ(found[i].truncated, expected[i].truncated);
  }
  EXPECT_EQ(encode_minari(kDataset, expected), bytes_);  // the same data are the same bytes
}

TEST_F(Minari, DamagedFilesAreRefusedOrRead) {
  EXPECT_THROW(read(dir_.path() / "none"), IoError);
  int refused = 0;
  const auto attempt = [&](const std::vector<std::byte>& bytes) {
    try {
      read(write(bytes));
    } catch (const IoError& error) {
      EXPECT_THAT(error.what(), HasSubstr("main_data.hdf5"));
      ++refused;
    }
  };
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, bytes_.size() / 2, bytes_.size() - 1})
    attempt({bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size)});
  EXPECT_EQ(refused, 5);
  std::uint64_t state = 1;
  const auto next = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  for (int copy = 0; copy < 150; ++copy) {
    std::vector<std::byte> damaged = bytes_;
    // The tables come first; numbers behind them may be anything.
    const std::size_t range = copy % 2 == 0 ? std::min<std::size_t>(damaged.size(), 8192) : damaged.size();
    for (std::uint64_t change = 0; change <= next() % 4; ++change)
      damaged[next() % range] = static_cast<std::byte>(next() % 3 == 0 ? 0xff : next());
    attempt(damaged);
  }
  EXPECT_GT(refused, 20);
}

TEST_F(Minari, BeginMayRefuse) {
  const Path path = write(bytes_);
  EXPECT_THROW(read_minari(
                   path, [](const MinariShape&) { throw ConfigError("no"); }, [](const DataEpisode&) {}),
               ConfigError);
}

TEST(MinariMetadata, IsWhatMinariReads) {
  const Json json = parse_json(minari_metadata(kDataset, make_episodes(), 123'456), 16);
  EXPECT_EQ(json.at("total_episodes").get<int>(), 12);
  EXPECT_EQ(json.at("total_steps").get<int>(), 102);
  EXPECT_EQ(json.at("data_format").get<std::string>(), "hdf5");
  EXPECT_EQ(json.at("dataset_id").get<std::string>(), "Toy-v0/softac-v0");
  EXPECT_THAT(json.at("observation_space").get<std::string>(),
              HasSubstr(R"("low": [-1.0, -Infinity], "high": [1.0, 2.0])"));
  MinariDataset discrete = kDataset;
  discrete.num_actions = 3;
  EXPECT_THAT(minari_metadata(discrete, make_episodes(), 1),
              HasSubstr(R"(\"type\": \"Discrete\", \"dtype\": \"int64\", \"start\": 0, \"n\": 3)"));
  const TempDir dir;
  const Path path = dir.path() / "metadata.json";
  EXPECT_EQ(minari_env_id(posix_file_system(), path), "");
  for (const auto& [text, expected] :
       {std::pair<std::string, std::string>{minari_metadata(kDataset, make_episodes(), 1), "Toy-v0"},
        {"{\"env_spec\": \"{}\"}", ""},
        {"[1, 2", ""},
        {"[]", ""},
        {"{\"env_spec\": 3}", ""}}) {
    const auto file = posix_file_system().open_write(path, WriteMode::truncate);
    file->write(std::string_view(text));
    file->close();
    EXPECT_EQ(minari_env_id(posix_file_system(), path), expected) << text;
  }
}

}  // namespace
}  // namespace softac::test

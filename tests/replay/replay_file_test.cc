// Contents written and read back; damaged and foreign files refused.
#include "replay/replay_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "replay/reference_replay.h"
#include "softac/error.h"

namespace softac::test {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

class MemoryFile : public WritableFile, public ReadableFile {
 public:
  using WritableFile::write;
  void write(std::span<const std::byte> data) override { bytes.insert(bytes.end(), data.begin(), data.end()); }
  void sync() override {}
  void close() override {}
  std::uint64_t size() const override { return bytes.size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset + out.size() > bytes.size()) throw IoError("the file ends");
    if (!out.empty()) std::memcpy(out.data(), bytes.data() + offset, out.size());
  }
  std::vector<std::byte> bytes;
};

ReplayShape shape_of(int num_envs, std::int64_t buffer_size) {
  return {5, 2, num_envs, buffer_size, 3, 0.99};
}

ReplayBuffer filled(int num_envs, std::int64_t buffer_size, int num_steps) {
  ReplayBuffer buffer(shape_of(num_envs, buffer_size), kNoLimit);
  EpisodeSource source(5, 2, num_envs, 21);
  for (int i = 0; i < num_steps; ++i) {
    for (int env = 0; env < num_envs; ++env) add(buffer, env, source.next(env));
  }
  return buffer;
}

TEST(ReplayFile, GoesOnAsIfNeverSaved) {
  for (const int num_steps : {1, 3, 40, 500}) {
    ReplayBuffer buffer = filled(2, 90, num_steps);
    MemoryFile file;
    write_replay(buffer, file);
    ReplayBuffer copy(shape_of(2, 90), kNoLimit);
    EpisodeSource other(5, 2, 2, 99);
    for (int i = 0; i < 17; ++i) add(copy, 0, other.next(0));  // what it held before is gone
    read_replay(copy, file, "file");
    EXPECT_EQ(copy.digest(), buffer.digest());
    EXPECT_EQ(copy.num_transitions(), buffer.num_transitions());
    EpisodeSource source(5, 2, 2, 5);
    OwnedBatch<float> a(64, 5, 2), b(64, 5, 2);
    Rng rng_a(1, StreamKind::test), rng_b(1, StreamKind::test);
    for (int i = 0; i < 200; ++i) {
      const FullTransition t = source.next(i % 2);
      add(buffer, i % 2, t);
      add(copy, i % 2, t);
      buffer.sample(rng_a, a.view);
      copy.sample(rng_b, b.view);
      ASSERT_EQ(a.x, b.x);
      ASSERT_EQ(a.reward, b.reward);
      ASSERT_EQ(a.discount, b.discount);
    }
    EXPECT_EQ(copy.digest(), buffer.digest());
  }
}

TEST(ReplayFile, DigestSeesEveryChange) {
  ReplayBuffer a = filled(1, 50, 30), b = filled(1, 50, 30), c = filled(1, 50, 31);
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_NE(a.digest(), c.digest());
}

TEST(ReplayFile, DamageIsFound) {
  const ReplayBuffer buffer = filled(2, 40, 15);
  MemoryFile file;
  write_replay(buffer, file);
  ReplayBuffer copy(shape_of(2, 40), kNoLimit);
  for (std::size_t i = 0; i < file.bytes.size(); ++i) {
    MemoryFile damaged = file;
    damaged.bytes[i] ^= std::byte{0x10};
    EXPECT_THROW(read_replay(copy, damaged, "file"), IoError) << "byte " << i;
    EXPECT_EQ(copy.num_transitions(), 0);
  }
  for (std::size_t size = 0; size < file.bytes.size(); size += 7) {
    MemoryFile cut = file;
    cut.bytes.resize(size);
    EXPECT_THROW(read_replay(copy, cut, "file"), IoError) << "size " << size;
  }
  MemoryFile longer = file;
  longer.bytes.push_back(std::byte{0});
  EXPECT_THROW(read_replay(copy, longer, "file"), IoError);
}

TEST(ReplayFile, OtherDimensionsAreRefused) {
  const ReplayBuffer buffer = filled(2, 90, 60);
  MemoryFile file;
  write_replay(buffer, file);
  ReplayBuffer smaller(shape_of(2, 40), kNoLimit), other_envs(shape_of(1, 90), kNoLimit),
      other_obs({6, 2, 2, 90, 1, 0.99}, kNoLimit);
  EXPECT_THROW(read_replay(smaller, file, "file"), IoError);
  EXPECT_THROW(read_replay(other_envs, file, "file"), IoError);
  EXPECT_THROW(read_replay(other_obs, file, "file"), IoError);
  ReplayBuffer larger(shape_of(2, 400), kNoLimit);
  EXPECT_NO_THROW(read_replay(larger, file, "file"));
  EXPECT_EQ(larger.num_transitions(), buffer.num_transitions());
}

}  // namespace
}  // namespace softac::test

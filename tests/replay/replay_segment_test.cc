// Contents written in segments and put together again; damaged and foreign bytes refused.
#include "replay/replay_segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "replay/reference_replay.h"
#include "softac/error.h"

namespace softac::test {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

ReplayShape shape_of(int num_envs, std::int64_t buffer_size) {
  return {5, 2, num_envs, buffer_size, 3, 0.99};
}

// What is new since the last call.
Bytes cut(ReplayBuffer& buffer) {
  std::vector<SegmentRange> ranges;
  for (int env = 0; env < buffer.shape().num_envs; ++env) {
    const auto& ring = buffer.ring(env);
    const std::int64_t first = std::max(ring.unsaved, ring.total - ring.size);
    ranges.push_back({first, ring.total - first});
    buffer.mark_saved(env);
  }
  return encode_segment(buffer, ranges);
}

void load(ReplayBuffer& buffer, const Bytes& rings, const std::vector<Bytes>& segments) {
  ReplayLoader loader(buffer, rings, "rings");
  for (std::size_t i = 0; i < segments.size(); ++i) loader.add(segments[i], "segment " + std::to_string(i));
  loader.finish();
}

std::string error_of(ReplayBuffer& buffer, const Bytes& rings, const std::vector<Bytes>& segments) {
  try {
    load(buffer, rings, segments);
  } catch (const IoError& error) {
    EXPECT_EQ(buffer.num_transitions(), 0);
    return error.what();
  }
  return "accepted";
}

TEST(ReplaySegment, GoesOnAsIfNeverSaved) {
  for (const std::int64_t num_steps : {1, 3, 40, 500}) {
    ReplayBuffer buffer(shape_of(2, 90), kNoLimit), copy(shape_of(2, 90), kNoLimit);
    EpisodeSource source(5, 2, 2, 21), other(5, 2, 2, 99);
    std::vector<Bytes> segments;
    for (int i = 0; i < num_steps; ++i) {
      for (int env = 0; env < 2; ++env) add(buffer, env, source.next(env));
      if (i % 23 == 7) segments.push_back(cut(buffer));
    }
    segments.push_back(cut(buffer));
    for (int i = 0; i < 17; ++i) add(copy, 0, other.next(0));  // what it held before is gone
    load(copy, encode_rings(buffer), segments);
    EXPECT_EQ(copy.digest(), buffer.digest());
    EXPECT_EQ(copy.num_transitions(), buffer.num_transitions());
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

TEST(ReplaySegment, ARecordThatChangesIsWrittenAgain) {
  ReplayBuffer buffer(shape_of(1, 90), kNoLimit), copy(shape_of(1, 90), kNoLimit);
  const std::vector<float> obs(5, 1.0f), next(5, 2.0f), action(2, 0.5f);
  buffer.add(0, obs, action, 1.0f, next, false, false);
  std::vector<Bytes> segments = {cut(buffer)};
  load(copy, encode_rings(buffer), segments);
  EXPECT_EQ(copy.digest(), buffer.digest());
  buffer.end_episode(0);
  const std::uint64_t ended = buffer.digest();
  EXPECT_NE(copy.digest(), ended);
  buffer.end_episode(0);  // there is nothing left to end
  EXPECT_EQ(buffer.digest(), ended);
  segments.push_back(cut(buffer));
  load(copy, encode_rings(buffer), segments);
  EXPECT_EQ(copy.digest(), ended);
  EXPECT_EQ(copy.ring(0).total, 2);
  std::swap(segments[0], segments[1]);
  EXPECT_THAT(error_of(copy, encode_rings(buffer), segments), HasSubstr("flags do not fit"));
}

TEST(ReplaySegment, DigestSeesEveryChange) {
  const auto filled = [](int num_steps, int seed) {
    ReplayBuffer buffer(shape_of(1, 20), kNoLimit);
    EpisodeSource source(5, 2, 1, static_cast<unsigned>(seed));
    for (int i = 0; i < num_steps; ++i) add(buffer, 0, source.next(0));
    return buffer.digest();
  };
  EXPECT_EQ(filled(130, 21), filled(130, 21));
  EXPECT_NE(filled(130, 21), filled(131, 21));
  EXPECT_NE(filled(130, 21), filled(130, 22));
}

struct Saved {
  Bytes rings;
  std::vector<Bytes> segments;
};
Saved saved(int num_envs, std::int64_t buffer_size, int num_steps) {
  ReplayBuffer buffer(shape_of(num_envs, buffer_size), kNoLimit);
  EpisodeSource source(5, 2, num_envs, 21);
  Saved out;
  for (int i = 0; i < num_steps; ++i) {
    for (int env = 0; env < num_envs; ++env) add(buffer, env, source.next(env));
    if (i == num_steps / 2) out.segments.push_back(cut(buffer));
  }
  out.segments.push_back(cut(buffer));
  out.rings = encode_rings(buffer);
  return out;
}

TEST(ReplaySegment, DamageIsFound) {
  const Saved good = saved(2, 40, 15);
  ReplayBuffer copy(shape_of(2, 40), kNoLimit);
  ASSERT_EQ(error_of(copy, good.rings, good.segments), "accepted");
  for (const int which : {-1, 0, 1}) {
    const Bytes& bytes = which < 0 ? good.rings : good.segments[static_cast<std::size_t>(which)];
    const auto expect_refused = [&](const Bytes& damaged, std::size_t at) {
      Saved bad = good;
      (which < 0 ? bad.rings : bad.segments[static_cast<std::size_t>(which)]) = damaged;
      EXPECT_NE(error_of(copy, bad.rings, bad.segments), "accepted") << which << ", byte " << at;
    };
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      Bytes damaged = bytes;
      damaged[i] ^= std::byte{0x10};
      expect_refused(damaged, i);
    }
    for (std::size_t size = 0; size < bytes.size(); size += 7)
      expect_refused(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)), size);
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    expect_refused(longer, bytes.size());
  }
  EXPECT_THAT(error_of(copy, good.rings, {good.segments[1]}), HasSubstr("are missing"));
  EXPECT_THAT(error_of(copy, good.rings, {good.segments[0]}), HasSubstr("are missing"));
  Saved newer = good;
  newer.segments[0][7] = std::byte{'2'};
  EXPECT_THAT(error_of(copy, newer.rings, newer.segments), HasSubstr("a newer softac"));
}

TEST(ReplaySegment, OtherDimensionsAreRefused) {
  const Saved good = saved(2, 90, 60);
  ReplayBuffer smaller(shape_of(2, 40), kNoLimit), other_envs(shape_of(1, 90), kNoLimit),
      other_obs({6, 2, 2, 90, 1, 0.99}, kNoLimit), larger(shape_of(2, 400), kNoLimit);
  for (ReplayBuffer* buffer : {&smaller, &other_envs, &other_obs})
    EXPECT_NE(error_of(*buffer, good.rings, good.segments), "accepted");
  EXPECT_EQ(error_of(larger, good.rings, good.segments), "accepted");
}

}  // namespace
}  // namespace softac::test

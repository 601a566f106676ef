// Segments read as episodes, without the run that they are of.
#include "replay/segment_episodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>

#include "base/crc32c.h"
#include "replay/replay_segment.h"
#include "softac/error.h"

namespace softac::test {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr int kObsDim = 3, kActDim = 2;

ReplayBuffer make_buffer(int num_envs, std::int64_t size) {
  return ReplayBuffer({kObsDim, kActDim, num_envs, size}, std::numeric_limits<std::uint64_t>::max());
}

// Steps of episodes of 5 steps; every second one terminates, the others are truncated.
void add_steps(ReplayBuffer& buffer, int env, int from, int count) {
  for (int t = from; t < from + count; ++t) {
    const auto obs_at = [&](int i) { return std::vector<float>(kObsDim, static_cast<float>(100 * env + i)); };
    const bool last = t % 5 == 4, terminated = last && (t / 5) % 2 == 0;
    const int episode_shift = t / 5;  // so that an episode's last observation is not the next one's first
    buffer.add(env, obs_at(t + episode_shift), std::vector<float>(kActDim, 0.01f * static_cast<float>(t)),
               static_cast<float>(t), obs_at(t + 1 + episode_shift), terminated, last && !terminated);
  }
}

Bytes cut(ReplayBuffer& buffer) {
  std::vector<SegmentRange> ranges;
  for (int env = 0; env < buffer.shape().num_envs; ++env) {
    const ReplayBuffer::Ring& ring = buffer.ring(env);
    const std::int64_t first = std::max(ring.unsaved, ring.total - ring.size);
    ranges.push_back({first, ring.total - first});
    buffer.mark_saved(env);
  }
  return encode_segment(buffer, ranges);
}

std::vector<SegmentEpisode> episodes_of(const std::vector<Bytes>& segments) {
  SegmentEpisodes all;
  for (std::size_t i = 0; i < segments.size(); ++i) all.add(segments[i], "segment " + std::to_string(i));
  std::vector<SegmentEpisode> out;
  all.for_each([&](const SegmentEpisode& episode) { out.push_back(episode); });
  return out;
}

std::string error_of(const std::vector<Bytes>& segments) {
  try {
    episodes_of(segments);
  } catch (const IoError& error) {
    return error.what();
  }
  return "accepted";
}

void mend(Bytes& segment) {
  const auto put_sum = [&](std::size_t begin, std::size_t end) {
    const std::uint32_t sum = crc32c(std::span<const std::byte>(segment).subspan(begin, end - begin));
    std::memcpy(segment.data() + end, &sum, sizeof sum);
  };
  put_sum(0, 32);
  put_sum(36, segment.size() - 4);
}

TEST(SegmentEpisodes, HoldsWhatWasStored) {
  ReplayBuffer buffer = make_buffer(2, 200);
  std::vector<Bytes> segments;
  for (int part = 0; part < 3; ++part) {
    for (int env = 0; env < 2; ++env) add_steps(buffer, env, 7 * part, 7);
    segments.push_back(cut(buffer));
  }
  const std::vector<SegmentEpisode> episodes = episodes_of(segments);
  ASSERT_EQ(episodes.size(), 8u);  // of each environment four, and the 21st step has no successor
  for (const SegmentEpisode& episode : episodes) {
    ASSERT_EQ(episode.steps, 5);
    ASSERT_EQ(episode.obs.size(), 6u * kObsDim);
    for (std::size_t t = 0; t < 5; ++t) {
      EXPECT_EQ(episode.obs[t * kObsDim], episode.obs[(t + 1) * kObsDim] - 1.0f);
      EXPECT_EQ(episode.actions[t * kActDim], 0.01f * episode.rewards[t]);
    }
    const int number = static_cast<int>(episode.rewards[0]) / 5;
    EXPECT_EQ(episode.terminated, number % 2 == 0);
    EXPECT_EQ(episode.truncated, number % 2 == 1);
    EXPECT_EQ(episode.obs[0], static_cast<float>(100 * episode.env + 6 * number));
  }
}

TEST(SegmentEpisodes, TheLaterSegmentCounts) {
  ReplayBuffer buffer = make_buffer(1, 200);
  add_steps(buffer, 0, 0, 13);
  std::vector<Bytes> segments = {cut(buffer)};
  buffer.end_episode(0);  // writes the newest record again
  segments.push_back(cut(buffer));
  const std::vector<SegmentEpisode> ended = episodes_of(segments);
  ASSERT_EQ(ended.size(), 3u);
  EXPECT_EQ(ended[2].steps, 3);
  EXPECT_TRUE(ended[2].truncated);

  // What a run did after its last checkpoint, before it was killed and went another way.
  ReplayBuffer other = make_buffer(1, 200);
  add_steps(other, 0, 0, 7);
  const std::vector<SegmentEpisode> shorter = episodes_of({segments[0], cut(other)});
  ASSERT_EQ(shorter.size(), 2u);
  EXPECT_EQ(shorter[1].steps, 1);
  EXPECT_FALSE(shorter[1].terminated || shorter[1].truncated);
}

TEST(SegmentEpisodes, AGapEndsAnEpisode) {
  ReplayBuffer buffer = make_buffer(1, 200);
  std::vector<Bytes> segments;
  for (int part = 0; part < 3; ++part) {
    add_steps(buffer, 0, 3 * part, 3);
    segments.push_back(cut(buffer));
  }
  segments.erase(segments.begin() + 1);
  const std::vector<SegmentEpisode> episodes = episodes_of(segments);
  ASSERT_EQ(episodes.size(), 2u);
  EXPECT_EQ(episodes[0].steps, 2);
  EXPECT_EQ(episodes[1].rewards[0], 6.0f);
}

TEST(SegmentEpisodes, RefusesWhatIsNoReplay) {
  ReplayBuffer buffer = make_buffer(1, 200);
  add_steps(buffer, 0, 0, 8);
  const Bytes good = cut(buffer);
  EXPECT_EQ(error_of({good}), "accepted");
  EXPECT_THAT(error_of({Bytes(good.begin(), good.end() - 1)}), HasSubstr("bytes, found"));
  EXPECT_THAT(error_of({Bytes(20)}), HasSubstr("not a replay segment"));
  ReplayBuffer other({kObsDim + 1, kActDim, 1, 100}, std::numeric_limits<std::uint64_t>::max());
  EXPECT_THAT(error_of({good, encode_segment(other, std::vector<SegmentRange>{{0, 0}})}),
              HasSubstr("of another run than segment 0"));
  const auto with_word = [&](std::size_t record, std::size_t word, std::uint32_t value) {
    Bytes bytes = good;
    std::memcpy(bytes.data() + 36 + 16 + (record * (kObsDim + kActDim + 2) + word) * 4, &value, 4);
    mend(bytes);
    return error_of({bytes});
  };
  EXPECT_THAT(with_word(1, 0, 0x7fc00000u), HasSubstr("record 1: a value is not finite"));
  EXPECT_THAT(with_word(1, kObsDim + kActDim + 1, 9), HasSubstr("record 1: unknown flags 9"));
  EXPECT_THAT(with_word(1, kObsDim + kActDim + 1, kRecordTerminated), HasSubstr("record 2: its flags do not fit"));
  Bytes shape = good;
  const std::uint32_t huge = 0xffffffffu;
  std::memcpy(shape.data() + 8, &huge, 4);
  mend(shape);
  EXPECT_THAT(error_of({shape}), HasSubstr("a shape that no replay has: 4294967295"));
}

}  // namespace
}  // namespace softac::test

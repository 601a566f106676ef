#include "replay/segment_episodes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "replay/replay_reader.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr std::uint32_t kMaxDim = 1 << 24, kMaxEnvs = 65536;

}  // namespace

void SegmentEpisodes::add(std::span<const std::byte> segment, const std::string& source) {
  ReplayReader in(segment, source);
  in.check_magic(kSegmentMagic, "replay segment");
  const auto obs_dim = in.get<std::uint32_t>(), act_dim = in.get<std::uint32_t>(), envs = in.get<std::uint32_t>(),
             words = in.get<std::uint32_t>();
  const auto size = in.get<std::uint64_t>();
  in.check_sum();
  const auto in_range = [](std::uint32_t value, std::uint32_t largest) { return value >= 1 && value <= largest; };
  if (!in_range(obs_dim, kMaxDim) || !in_range(act_dim, kMaxDim) || !in_range(envs, kMaxEnvs) ||
      words != obs_dim + act_dim + 2) {
    in.fail("a shape that no replay has: " + std::to_string(obs_dim) + " numbers of an observation, " +
            std::to_string(act_dim) + " of an action, " + std::to_string(envs) + " environments, " +
            std::to_string(words) + " words of a record");
  }
  if (size != segment.size())
    in.fail("expected " + std::to_string(size) + " bytes, found " + std::to_string(segment.size()));
  if (runs_.empty()) {
    obs_dim_ = static_cast<int>(obs_dim);
    act_dim_ = static_cast<int>(act_dim);
    source_ = source;
    runs_.resize(envs);
  }
  if (static_cast<int>(obs_dim) != obs_dim_ || static_cast<int>(act_dim) != act_dim_ || envs != runs_.size()) {
    in.fail("of another run than " + source_ + ": observations of " + std::to_string(obs_dim) + ", actions of " +
            std::to_string(act_dim) + ", " + std::to_string(envs) + " environments; there " + std::to_string(obs_dim_) +
            ", " + std::to_string(act_dim_) + ", " + std::to_string(runs_.size()));
  }
  while (!in.at_end()) {
    in.start_sum();
    const auto env = in.get<std::uint32_t>(), count = in.get<std::uint32_t>();
    const auto first = in.get<std::uint64_t>();
    if (env >= runs_.size() || count == 0 || first >> 62) in.fail("a block of what no replay holds");
    const auto records = in.get(std::uint64_t{count} * words * sizeof(float));
    in.check_sum();
    put(env, static_cast<std::int64_t>(first), records, source);
  }
}

void SegmentEpisodes::put(std::size_t env, std::int64_t first, std::span<const std::byte> records,
                          const std::string& source) {
  const auto words = static_cast<std::size_t>(obs_dim_ + act_dim_ + 2);
  std::vector<Run>& runs = runs_[env];
  while (!runs.empty() && runs.back().first >= first) runs.pop_back();
  if (!runs.empty()) {
    Run& last = runs.back();
    const auto kept = static_cast<std::size_t>(first - last.first) * words;
    if (kept > last.words.size()) {
      runs.push_back({first, {}});
    } else {
      last.words.resize(kept);
    }
  } else {
    runs.push_back({first, {}});
  }
  std::vector<float>& out = runs.back().words;
  if (records.size() / sizeof(float) > out.max_size() - out.size()) throw IoError(source + ": too large");
  const std::size_t before = out.size();
  out.resize(before + records.size() / sizeof(float));
  std::memcpy(out.data() + before, records.data(), records.size());
}

void SegmentEpisodes::for_each(const std::function<void(const SegmentEpisode&)>& visit) const {
  for (std::size_t env = 0; env < runs_.size(); ++env) {
    for (const Run& run : runs_[env]) visit_run(static_cast<int>(env), run, visit);
  }
}

void SegmentEpisodes::visit_run(int env, const Run& run,
                                const std::function<void(const SegmentEpisode&)>& visit) const {
  const auto obs_dim = static_cast<std::size_t>(obs_dim_), act_dim = static_cast<std::size_t>(act_dim_),
             words = obs_dim + act_dim + 2;
  const std::size_t count = run.words.size() / words;
  SegmentEpisode episode;
  episode.env = env;
  const auto flags_of = [&](std::size_t i) { return std::bit_cast<std::uint32_t>(run.words[(i + 1) * words - 1]); };
  const auto append = [&](std::vector<float>& to, std::size_t i, std::size_t from, std::size_t size) {
    const float* values = run.words.data() + i * words + from;
    to.insert(to.end(), values, values + size);
  };
  const auto fail = [&](std::size_t i, const std::string& text) {
    throw IoError(source_ + ": environment " + std::to_string(env) + ", record " +
                  std::to_string(run.first + static_cast<std::int64_t>(i)) + ": " + text);
  };
  const auto finish = [&](std::size_t next, std::uint32_t flags) {
    if (episode.steps > 0) {
      append(episode.obs, next, 0, obs_dim);
      episode.terminated = flags == kRecordTerminated;
      episode.truncated = flags == kRecordTruncated;
      visit(episode);
    }
    episode.steps = 0;
    for (std::vector<float>* values : {&episode.obs, &episode.actions, &episode.rewards}) values->clear();
  };
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t flags = flags_of(i);
    if (flags != 0 && flags != kRecordTerminated && flags != kRecordTruncated && flags != kRecordEnd)
      fail(i, "unknown flags " + std::to_string(flags));
    const bool after_end = before == kRecordTerminated || before == kRecordTruncated;
    if (i > 0 && after_end != (flags == kRecordEnd)) fail(i, "its flags do not fit the record before");
    for (std::size_t j = 0; j + 1 < words; ++j) {
      if (!std::isfinite(run.words[i * words + j])) fail(i, "a value is not finite");
    }
    before = flags;
    if (flags == kRecordEnd) continue;
    if (i + 1 == count) {  // its successor is not there: the episode is what came before
      finish(i, 0);
      break;
    }
    if (episode.steps == 0) episode.first = run.first + static_cast<std::int64_t>(i);
    append(episode.obs, i, 0, obs_dim);
    append(episode.actions, i, obs_dim, act_dim);
    episode.rewards.push_back(run.words[i * words + obs_dim + act_dim]);
    ++episode.steps;
    if (flags != 0) finish(i + 1, flags);
  }
}

}  // namespace softac

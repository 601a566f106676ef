#include "run/replay_log.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/sha256.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kCutBytes = 4 << 20, kSmallBytes = 1 << 20;
constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 36;

}  // namespace

std::string segment_name(std::int64_t number) {
  char text[48];
  std::snprintf(text, sizeof(text), "segment-%09lld.bin", static_cast<long long>(number));
  return text;
}

std::optional<std::int64_t> segment_number(const std::string& name) {
  constexpr std::string_view kPrefix = "segment-", kSuffix = ".bin";
  if (name.size() < kPrefix.size() + 9 + kSuffix.size() || !name.starts_with(kPrefix) || !name.ends_with(kSuffix))
    return {};
  std::int64_t number = 0;
  const char* end = name.data() + name.size() - kSuffix.size();
  const auto [after, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
  if (error != std::errc{} || after != end || number < 1 || segment_name(number) != name) return {};
  return number;
}

std::int64_t ReplayLog::oldest(std::size_t env) const {
  const ReplayBuffer::Ring& ring = buffer_.ring(static_cast<int>(env));
  return ring.total - ring.size;
}

std::optional<ReplayLog::Cut> ReplayLog::step() {
  const auto record_bytes = static_cast<std::uint64_t>(buffer_.num_words()) * sizeof(float);
  const auto num_envs = static_cast<std::uint64_t>(buffer_.shape().num_envs);
  if (static_cast<std::uint64_t>(++steps_since_cut_) * num_envs * record_bytes < kCutBytes) return {};
  return cut();
}

std::optional<ReplayLog::Cut> ReplayLog::cut() {
  steps_since_cut_ = 0;
  const std::size_t num_envs = buffer_.shape().num_envs;
  bool is_new = false;
  std::vector<SegmentRange> ranges(num_envs);
  for (std::size_t env = 0; env < num_envs; ++env) {
    ranges[env].first = buffer_.ring(static_cast<int>(env)).unsaved;
    is_new = is_new || ranges[env].first < buffer_.ring(static_cast<int>(env)).total;
  }
  if (!is_new) return {};
  if (!live_.empty() && live_.back()->bytes < kSmallBytes) {
    for (std::size_t env = 0; env < num_envs; ++env) {
      const SegmentRange& last = live_.back()->ranges[env];
      if (last.count > 0) ranges[env].first = std::min(ranges[env].first, last.first);
    }
    live_.pop_back();
  }
  for (std::size_t env = 0; env < num_envs; ++env) {
    ranges[env].first = std::max(ranges[env].first, oldest(env));
    ranges[env].count = buffer_.ring(static_cast<int>(env)).total - ranges[env].first;
    buffer_.mark_saved(static_cast<int>(env));
  }
  Cut out;
  out.contents = encode_segment(buffer_, ranges);
  out.segment = std::make_shared<ReplaySegment>();
  out.segment->name = segment_name(next_number_++);
  out.segment->bytes = out.contents.size();
  out.segment->ranges = std::move(ranges);
  live_.push_back(out.segment);
  return out;
}

const std::vector<std::shared_ptr<ReplaySegment>>& ReplayLog::live() {
  std::erase_if(live_, [this](const std::shared_ptr<ReplaySegment>& segment) {
    for (std::size_t env = 0; env < segment->ranges.size(); ++env) {
      const SegmentRange& range = segment->ranges[env];
      if (range.count > 0 && range.first + range.count > oldest(env)) return false;
    }
    return true;
  });
  return live_;
}

void ReplayLog::load(FileSystem& fs, const CheckpointInfo& checkpoint, const Path& replay_dir) {
  const Path rings = Path(checkpoint.path) / "state.replay";
  ReplayLoader loader(buffer_, fs.read_file(rings, kMaxSegmentBytes), rings.string());
  live_.clear();
  for (const CheckpointInfo::File& file : checkpoint.files) {
    const std::string name = Path(file.name).filename().string();
    if (!segment_number(name)) continue;
    loader.add(fs.read_file(replay_dir / name, kMaxSegmentBytes), (replay_dir / name).string());
    live_.push_back(std::make_shared<ReplaySegment>(ReplaySegment{name, file.bytes, file.sha256, loader.ranges()}));
  }
  loader.finish();
}

void ReplayLog::start_names(FileSystem& fs, const Path& replay_dir, std::int64_t first) {
  next_number_ = std::max(next_number_, first);
  for (const std::string& name : fs.list(replay_dir)) {
    if (const auto number = segment_number(name)) next_number_ = std::max(next_number_, *number + 1);
  }
}

void write_segment(FileSystem& fs, const Path& replay_dir, const ReplayLog::Cut& cut) {
  const auto file = fs.open_write(replay_dir / cut.segment->name, WriteMode::create_new);
  file->write(std::span<const std::byte>(cut.contents));
  file->sync();
  file->close();
  cut.segment->sha256 = sha256_hex(cut.contents);
}

void remove_segments(FileSystem& fs, const Path& replay_dir) {
  for (const std::string& name : fs.list(replay_dir)) {
    if (segment_number(name)) fs.remove(replay_dir / name);
  }
}

}  // namespace softac

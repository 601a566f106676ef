#include "replay/replay_segment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/crc32c.h"
#include "replay/replay_reader.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::size_t kBlockBytes = 1 << 18;  // about, of records

class Writer {
 public:
  void put(std::span<const std::byte> data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }
  template <class T>
  void put(const T& value) {
    put(std::as_bytes(std::span(&value, 1)));
  }
  void start_sum() { summed_from_ = bytes_.size(); }
  void put_sum() { put(crc32c(std::span<const std::byte>(bytes_).subspan(summed_from_))); }
  void reserve(std::size_t size) { bytes_.reserve(size); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t summed_from_ = 0;
};

void put_shape(Writer& out, const ReplayBuffer& buffer) {
  const ReplayShape& shape = buffer.shape();
  for (const int value : {shape.obs_dim, shape.act_dim, shape.num_envs, buffer.num_words()})
    out.put(static_cast<std::uint32_t>(value));
}

}  // namespace

std::vector<std::byte> encode_segment(const ReplayBuffer& buffer, std::span<const SegmentRange> ranges) {
  SOFTAC_REQUIRE(static_cast<int>(ranges.size()) == buffer.shape().num_envs, ranges.size());
  const std::size_t record_bytes = buffer.num_words() * sizeof(float);
  const auto per_block = static_cast<std::int64_t>(std::max<std::size_t>(1, kBlockBytes / record_bytes));
  std::size_t size = 36;
  for (const SegmentRange& range : ranges) {
    size += static_cast<std::size_t>(range.count) * record_bytes +
            20 * static_cast<std::size_t>((range.count + per_block - 1) / per_block);
  }
  Writer out;
  out.reserve(size);
  out.put(kSegmentMagic);
  put_shape(out, buffer);
  out.put(static_cast<std::uint64_t>(size));
  out.put_sum();
  for (std::size_t env = 0; env < ranges.size(); ++env) {
    for (std::int64_t done = 0; done < ranges[env].count; done += per_block) {
      const std::int64_t count = std::min(per_block, ranges[env].count - done);
      out.start_sum();
      out.put(static_cast<std::uint32_t>(env));
      out.put(static_cast<std::uint32_t>(count));
      out.put(static_cast<std::uint64_t>(ranges[env].first + done));
      for (std::int64_t i = 0; i < count; ++i)
        out.put(std::as_bytes(buffer.record(static_cast<int>(env), ranges[env].first + done + i)));
      out.put_sum();
    }
  }
  return out.take();
}

std::vector<std::byte> encode_rings(const ReplayBuffer& buffer) {
  Writer out;
  out.put(kRingsMagic);
  put_shape(out, buffer);
  for (int env = 0; env < buffer.shape().num_envs; ++env) {
    const ReplayBuffer::Ring& ring = buffer.ring(env);
    out.put(static_cast<std::uint64_t>(ring.total));
    out.put(static_cast<std::uint64_t>(ring.size));
    out.put(static_cast<std::uint32_t>(ring.continues));
    if (ring.continues) out.put(std::as_bytes(buffer.record(env, ring.total).first(buffer.shape().obs_dim)));
  }
  out.put_sum();
  return out.take();
}

ReplayLoader::ReplayLoader(ReplayBuffer& buffer, std::span<const std::byte> rings, const std::string& source)
    : buffer_(buffer), source_(source) {
  buffer_.clear();
  ReplayReader in(rings, source);
  in.check_magic(kRingsMagic, "file of a replay's rings");
  in.check_shape(buffer_);
  for (int env = 0; env < buffer_.shape().num_envs; ++env) {
    Saved saved;
    const auto total = in.get<std::uint64_t>(), size = in.get<std::uint64_t>();
    const auto continues = in.get<std::uint32_t>();
    if (total >> 62 || size > total || size > static_cast<std::uint64_t>(buffer_.max_records()) || continues > 1) {
      in.fail("environment " + std::to_string(env) + ": " + std::to_string(size) + " of " + std::to_string(total) +
              " records, room for " + std::to_string(buffer_.max_records()));
    }
    saved.total = static_cast<std::int64_t>(total);
    saved.size = static_cast<std::int64_t>(size);
    saved.covered = saved.total - saved.size;
    if (continues != 0) {
      saved.pending_obs.resize(buffer_.shape().obs_dim);
      const auto bytes = in.get(saved.pending_obs.size() * sizeof(float));
      std::memcpy(saved.pending_obs.data(), bytes.data(), bytes.size());
    }
    rings_.push_back(std::move(saved));
  }
  in.check_sum();
  if (!in.at_end()) in.fail("bytes after its end");
}

void ReplayLoader::add(std::span<const std::byte> segment, const std::string& source) {
  ReplayReader in(segment, source);
  in.check_magic(kSegmentMagic, "replay segment");
  in.check_shape(buffer_);
  const auto size = in.get<std::uint64_t>();
  in.check_sum();
  if (size != segment.size())
    in.fail("expected " + std::to_string(size) + " bytes, found " + std::to_string(segment.size()));
  const std::size_t words = buffer_.num_words();
  std::vector<float> record(words);
  ranges_.assign(rings_.size(), {});
  while (!in.at_end()) {
    in.start_sum();
    const auto env = in.get<std::uint32_t>(), count = in.get<std::uint32_t>();
    const auto first = in.get<std::uint64_t>();
    if (env >= rings_.size() || count == 0 || first >> 62) in.fail("a block of what no replay holds");
    const auto bytes = in.get(std::uint64_t{count} * words * sizeof(float));
    in.check_sum();
    Saved& ring = rings_[env];
    SegmentRange& range = ranges_[env];
    const auto begin = static_cast<std::int64_t>(first), end = begin + static_cast<std::int64_t>(count);
    if (range.count == 0) range.first = begin;
    if (range.first + range.count != begin) in.fail("blocks of an environment do not follow one another");
    range.count += static_cast<std::int64_t>(count);
    const std::int64_t oldest = ring.total - ring.size;
    if (begin > std::max(ring.covered, oldest) && begin < ring.total)
      in.fail("environment " + std::to_string(env) + ": records " + std::to_string(ring.covered) + " to " +
              std::to_string(begin - 1) + " are missing");
    for (std::int64_t number = std::max(begin, oldest); number < std::min(end, ring.total); ++number) {
      std::memcpy(record.data(), bytes.data() + static_cast<std::size_t>(number - begin) * words * sizeof(float),
                  words * sizeof(float));
      buffer_.restore_record(static_cast<int>(env), number, record);
    }
    ring.covered = std::max(ring.covered, std::min(end, ring.total));
  }
}

void ReplayLoader::finish() {
  for (std::size_t env = 0; env < rings_.size(); ++env) {
    const Saved& ring = rings_[env];
    const std::string where = source_ + ": environment " + std::to_string(env) + ": ";
    std::string wrong;
    if (ring.covered != ring.total)
      wrong = "records " + std::to_string(ring.covered) + " to " + std::to_string(ring.total - 1) + " are missing";
    if (wrong.empty()) wrong = buffer_.restore_ring(static_cast<int>(env), ring.total, ring.size, ring.pending_obs);
    if (wrong.empty()) continue;
    buffer_.clear();
    throw IoError(where + wrong);
  }
}

}  // namespace softac

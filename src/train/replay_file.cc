#include "train/replay_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/atomic_file.h"
#include "replay/replay_segment.h"
#include "softac/error.h"

namespace softac {
namespace {

using Magic = std::array<char, 8>;  // the last character is the version
constexpr Magic kMagic = {'s', 'o', 'f', 't', 'R', 'P', 'L', '1'};
constexpr std::int64_t kSegmentBytes = 4 << 20;  // about

// A part: its size in 8 bytes, then its bytes.
void write_part(WritableFile& file, std::span<const std::byte> bytes) {
  const std::uint64_t size = bytes.size();
  file.write(std::as_bytes(std::span(&size, 1)));
  file.write(bytes);
}

class Parts {
 public:
  Parts(FileSystem& fs, const Path& path) : name_(path.string()), file_(fs.open_read(path)), size_(file_->size()) {
    if (size_ < sizeof(Magic) || read<Magic>() != kMagic) throw IoError(name_ + ": not a replay file of this version");
  }
  bool at_end() const { return at_ == size_; }
  std::vector<std::byte> next() {
    if (size_ - at_ < sizeof(std::uint64_t)) fail();
    const auto count = read<std::uint64_t>();
    if (count > size_ - at_) fail();
    std::vector<std::byte> bytes(count);
    file_->read_at(at_, bytes);
    at_ += count;
    return bytes;
  }

 private:
  template <class T>
  T read() {
    T value;
    file_->read_at(at_, std::as_writable_bytes(std::span(&value, 1)));
    at_ += sizeof(T);
    return value;
  }
  [[noreturn]] void fail() const { throw IoError(name_ + ": it ends at byte " + std::to_string(size_)); }

  std::string name_;
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t size_, at_ = 0;
};

// The records of segment number `i`, each environment's own share.
std::vector<SegmentRange> ranges_of(const ReplayBuffer& buffer, std::int64_t i, std::int64_t records, bool& any) {
  std::vector<SegmentRange> ranges(buffer.shape().num_envs);
  for (std::size_t env = 0; env < ranges.size(); ++env) {
    const ReplayBuffer::Ring& ring = buffer.ring(static_cast<int>(env));
    const std::int64_t skipped = std::min(i * records, ring.size);
    ranges[env] = {ring.total - ring.size + skipped, std::min(records, ring.size - skipped)};
    any = any || ranges[env].count > 0;
  }
  return ranges;
}

}  // namespace

void write_replay_file(FileSystem& fs, const Path& path, const ReplayBuffer& buffer) {
  const auto row_bytes = static_cast<std::int64_t>(sizeof(float)) * buffer.num_words() * buffer.shape().num_envs;
  const std::int64_t records = std::max<std::int64_t>(kSegmentBytes / row_bytes, 1);
  write_file_atomic(fs, path, [&](WritableFile& file) {
    file.write(std::as_bytes(std::span(kMagic)));
    write_part(file, encode_rings(buffer));
    for (std::int64_t i = 0;; ++i) {
      bool any = false;
      const std::vector<SegmentRange> ranges = ranges_of(buffer, i, records, any);
      if (!any) break;
      write_part(file, encode_segment(buffer, ranges));
    }
  });
}

void read_replay_file(FileSystem& fs, const Path& path, ReplayBuffer& buffer) {
  const std::string name = path.string();
  buffer.clear();
  Parts parts(fs, path);
  if (parts.at_end()) throw IoError(name + ": no replay in it");
  ReplayLoader loader(buffer, parts.next(), name);
  while (!parts.at_end()) loader.add(parts.next(), name);
  loader.finish();
}

}  // namespace softac

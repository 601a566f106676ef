// Files of a replay buffer's contents: segments, which hold records and never change once they are written, and the
// rings, which say how many of them count. docs/formats.md has both byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "replay/replay_buffer.h"

namespace softac {

// The records of a segment: for each environment the numbers first … first + count − 1.
struct SegmentRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// The records of `ranges` (one per environment), which must count or be the newest, as a segment file.
std::vector<std::byte> encode_segment(const ReplayBuffer& buffer, std::span<const SegmentRange> ranges);

// The rings as a file: how many records there were and how many count, and the pending observations.
std::vector<std::byte> encode_rings(const ReplayBuffer& buffer);

// Puts a buffer together again: the rings first, then all segments in the order in which they were written (where two
// hold the same record, the later one counts), then finish. Every call throws IoError if the bytes are damaged, of a
// newer version, of other dimensions or no replay; the buffer is then empty. `source` names the file.
class ReplayLoader {
 public:
  ReplayLoader(ReplayBuffer& buffer, std::span<const std::byte> rings, const std::string& source);
  void add(std::span<const std::byte> segment, const std::string& source);
  void finish();
  // Of each environment, the records that the last add() held.
  const std::vector<SegmentRange>& ranges() const { return ranges_; }

 private:
  struct Saved {
    std::int64_t total = 0, size = 0, covered = 0;  // records below `covered` are there
    std::vector<float> pending_obs;
  };
  ReplayBuffer& buffer_;
  std::string source_;
  std::vector<Saved> rings_;
  std::vector<SegmentRange> ranges_;
};

}  // namespace softac

// The replay on disk: replay/segment-000000001.bin, … Each holds the records that were new when it was cut; a
// checkpoint names the segments that its replay needs. A segment never changes, and its name is never used again, so a
// checkpoint costs only what is new.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "replay/replay_segment.h"
#include "softac/evaluation.h"

namespace softac {

struct ReplaySegment {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;  // set when it is written
  std::vector<SegmentRange> ranges;
};

class ReplayLog {
 public:
  explicit ReplayLog(ReplayBuffer& buffer) : buffer_(buffer) {}

  // A segment that is to be written; its contents.
  struct Cut {
    std::shared_ptr<ReplaySegment> segment;
    std::vector<std::byte> contents;
  };

  // After each vector step: a cut when about 4 MiB are new, so that none is large. What a checkpoint then still has to
  // write is small whatever its frequency.
  std::optional<Cut> step();
  // Everything new. If the newest segment is below 1 MiB, its records are written again in the new one: frequent
  // checkpoints do not leave thousands of small files.
  std::optional<Cut> cut();
  // Those that the buffer's records lie in, in order.
  const std::vector<std::shared_ptr<ReplaySegment>>& live();

  // Reads the buffer back from the rings' file and the segments of a checkpoint below replay_dir. Throws IoError.
  void load(FileSystem& fs, const CheckpointInfo& checkpoint, const Path& replay_dir);
  // Names start above all of replay_dir's and at `first` at least.
  void start_names(FileSystem& fs, const Path& replay_dir, std::int64_t first);
  std::int64_t next_number() const { return next_number_; }

 private:
  std::int64_t oldest(std::size_t env) const;

  ReplayBuffer& buffer_;
  std::vector<std::shared_ptr<ReplaySegment>> live_;
  std::int64_t next_number_ = 1;
  std::int64_t steps_since_cut_ = 0;
};

// Writes a cut and makes it durable; sets its sum. Throws DiskError, IoError.
void write_segment(FileSystem& fs, const Path& replay_dir, const ReplayLog::Cut& cut);

// Removes all segments, of a run that is about to begin.
void remove_segments(FileSystem& fs, const Path& replay_dir);

// "segment-000000001.bin", and the number of such a name; nothing for other names.
std::string segment_name(std::int64_t number);
std::optional<std::int64_t> segment_number(const std::string& name);

}  // namespace softac

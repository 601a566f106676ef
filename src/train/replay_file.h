// A replay buffer's contents in one file: the rings, then segments of a few MiB (replay/replay_segment.h).
#pragma once

#include "base/file_system.h"
#include "replay/replay_buffer.h"

namespace softac {

// Written beside the path, synced and renamed. DiskError, IoError.
void write_replay_file(FileSystem& fs, const Path& path, const ReplayBuffer& buffer);

// IoError on anything that write_replay_file did not write for a buffer of this shape; the buffer is then empty.
void read_replay_file(FileSystem& fs, const Path& path, ReplayBuffer& buffer);

}  // namespace softac

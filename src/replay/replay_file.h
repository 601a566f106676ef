// A replay buffer's contents as one file. Little-endian:
//
//   bytes  what
//   8      "softRPL1"
//   4 × 4  O, A, number of environments, words of a record (O + A + 2)
//   then for each environment:
//   8      number n of records, oldest first
//   8      1 if an observation follows them (the episode goes on), else 0
//   n × record, then that observation (O)
//   4      CRC-32C of all before
#pragma once

#include <string>

#include "base/file_system.h"
#include "replay/replay_buffer.h"

namespace softac {

// Throws as WritableFile does.
void write_replay(const ReplayBuffer& buffer, WritableFile& file);

// Replaces the buffer's contents. Throws IoError if the file is damaged, of other dimensions or does not fit into the
// buffer; the buffer is then empty. `source` names the file in messages.
void read_replay(ReplayBuffer& buffer, ReadableFile& file, const std::string& source);

}  // namespace softac

// Whatever the bytes of rings and segment are, loading them gives IoError and an empty buffer, or a replay that is
// saved as it was loaded. The input: 2 bytes with the length of the rings, the rings, the segment. It is tried as it is
// and once more with its checksums made right, which random bytes never have.
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/crc32c.h"
#include "replay/replay_segment.h"
#include "softac/error.h"

namespace {

using softac::crc32c;
using Bytes = std::vector<std::byte>;

constexpr int kObsDim = 2, kActDim = 1, kWords = kObsDim + kActDim + 2;

void put_sum(Bytes& bytes, std::size_t begin, std::size_t end) {
  const std::uint32_t sum = crc32c(std::span<const std::byte>(bytes).subspan(begin, end - begin));
  std::memcpy(bytes.data() + end, &sum, sizeof(sum));
}

void mend(Bytes& rings, Bytes& segment) {
  if (rings.size() >= 4) put_sum(rings, 0, rings.size() - 4);
  if (segment.size() < 36) return;
  const std::uint64_t size = segment.size();
  std::memcpy(segment.data() + 24, &size, sizeof(size));
  put_sum(segment, 0, 32);
  for (std::size_t at = 36; segment.size() - at >= 20;) {
    std::uint32_t count = 0;
    std::memcpy(&count, segment.data() + at + 4, sizeof(count));
    const std::uint64_t end = at + 16 + std::uint64_t{count} * kWords * 4;
    if (end + 4 > segment.size()) return;
    put_sum(segment, at, static_cast<std::size_t>(end));
    at = static_cast<std::size_t>(end) + 4;
  }
}

void load(const Bytes& rings, const Bytes& segment) {
  softac::ReplayBuffer buffer({kObsDim, kActDim, 2, 32, 1, 0.99}, std::numeric_limits<std::uint64_t>::max());
  try {
    softac::ReplayLoader loader(buffer, rings, "rings");
    loader.add(segment, "segment");
    loader.finish();
  } catch (const softac::IoError&) {
    if (buffer.num_transitions() != 0) std::abort();
    return;
  }
  if (softac::encode_rings(buffer) != rings) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(2);
  const std::size_t length = std::min<std::size_t>(static_cast<std::size_t>(data[0]) + 256u * data[1], bytes.size());
  Bytes rings(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)),
      segment(bytes.begin() + static_cast<std::ptrdiff_t>(length), bytes.end());
  load(rings, segment);
  mend(rings, segment);
  load(rings, segment);
  return 0;
}

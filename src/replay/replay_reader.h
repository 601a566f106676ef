// The bytes of a replay's files, read piece by piece: sums, versions and shapes are checked where they stand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "base/crc32c.h"
#include "replay/replay_buffer.h"
#include "softac/error.h"

namespace softac {

using ReplayMagic = std::array<char, 8>;  // the last character is the version
inline constexpr ReplayMagic kSegmentMagic = {'s', 'o', 'f', 't', 'S', 'E', 'G', '1'};
inline constexpr ReplayMagic kRingsMagic = {'s', 'o', 'f', 't', 'R', 'N', 'G', '1'};

// Every call throws IoError where the bytes are not what was asked for.
class ReplayReader {
 public:
  ReplayReader(std::span<const std::byte> bytes, const std::string& source) : bytes_(bytes), source_(source) {}
  std::span<const std::byte> get(std::uint64_t size) {
    if (size > bytes_.size() - at_) fail("it ends at byte " + std::to_string(bytes_.size()));
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  template <class T>
  T get() {
    T value;
    std::memcpy(&value, get(sizeof(T)).data(), sizeof(T));
    return value;
  }
  void start_sum() { summed_from_ = at_; }
  void check_sum() {
    const std::uint32_t found = crc32c(bytes_.subspan(summed_from_, at_ - summed_from_)), kept = get<std::uint32_t>();
    if (found != kept) {
      fail("the checksum of bytes " + std::to_string(summed_from_) + " to " + std::to_string(at_ - 5) +
           " does not fit");
    }
  }
  void check_magic(const ReplayMagic& magic, const char* what) {
    const auto found = get<ReplayMagic>();
    if (found == magic) return;
    if (std::equal(magic.begin(), magic.end() - 1, found.begin()) && found.back() > magic.back()) {
      fail(std::string("version ") + found.back() + " of the format, expected " + magic.back() +
           "; a newer softac wrote it");
    }
    fail(std::string("not a ") + what);
  }
  void check_shape(const ReplayBuffer& buffer) {
    const ReplayShape& shape = buffer.shape();
    const std::pair<const char*, int> fields[] = {{"observation size", shape.obs_dim},
                                                  {"action size", shape.act_dim},
                                                  {"number of environments", shape.num_envs},
                                                  {"words of a record", buffer.num_words()}};
    for (const auto& [name, expected] : fields) {
      const auto found = get<std::uint32_t>();
      if (found != static_cast<std::uint32_t>(expected))
        fail(std::string(name) + ": expected " + std::to_string(expected) + ", found " + std::to_string(found));
    }
  }
  bool at_end() const { return at_ == bytes_.size(); }
  std::size_t left() const { return bytes_.size() - at_; }
  [[noreturn]] void fail(const std::string& text) const { throw IoError(source_ + ": " + text); }

 private:
  std::span<const std::byte> bytes_;
  const std::string& source_;
  std::size_t at_ = 0, summed_from_ = 0;
};

}  // namespace softac

#include "render/deflate.h"

#include <algorithm>
#include <array>

namespace softac {

namespace {

constexpr std::size_t kWindow = 32768, kMinMatch = 3, kMaxMatch = 258;
constexpr int kHashBits = 15, kMaxTries = 8;

// Bits enter each byte from its lowest on; Huffman codes come with their highest bit first.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::byte>& out) : out_(out) {}
  void bits(std::uint32_t value, int count) {
    held_ |= static_cast<std::uint64_t>(value) << num_held_;
    for (num_held_ += count; num_held_ >= 8; num_held_ -= 8) {
      out_.push_back(static_cast<std::byte>(held_ & 0xff));
      held_ >>= 8;
    }
  }
  void code(std::uint32_t value, int count) {
    std::uint32_t reversed = 0;
    for (int i = 0; i < count; ++i) reversed |= (value >> i & 1u) << (count - 1 - i);
    bits(reversed, count);
  }
  void finish() {
    if (num_held_ > 0) bits(0, 8 - num_held_);
  }

 private:
  std::vector<std::byte>& out_;
  std::uint64_t held_ = 0;
  int num_held_ = 0;
};

// RFC 1951, 3.2.6: literals and lengths.
void put_symbol(BitWriter& out, std::uint32_t symbol) {
  if (symbol < 144)
    out.code(0x30 + symbol, 8);
  else if (symbol < 256)
    out.code(0x190 + symbol - 144, 9);
  else if (symbol < 280)
    out.code(symbol - 256, 7);
  else
    out.code(0xC0 + symbol - 280, 8);
}

// RFC 1951, 3.2.5: codes of lengths and distances double their range every few codes.
void put_length(BitWriter& out, std::size_t length) {
  if (length == kMaxMatch) return put_symbol(out, 285);
  std::uint32_t offset = static_cast<std::uint32_t>(length - kMinMatch), symbol = 257;
  if (offset < 8) return put_symbol(out, symbol + offset);
  int extra = 0;
  for (std::uint32_t rest = offset; rest >= 8; rest >>= 1) ++extra;
  put_symbol(out, symbol + 4 * static_cast<std::uint32_t>(extra) + (offset >> extra));
  out.bits(offset & ((1u << extra) - 1), extra);
}
void put_distance(BitWriter& out, std::size_t distance) {
  const auto offset = static_cast<std::uint32_t>(distance - 1);
  int extra = 0;
  for (std::uint32_t rest = offset; rest >= 4; rest >>= 1) ++extra;
  out.code(2 * static_cast<std::uint32_t>(extra) + (offset >> extra), 5);
  out.bits(offset & ((1u << extra) - 1), extra);
}

class Matcher {
 public:
  explicit Matcher(std::span<const std::uint8_t> data) : data_(data), last_(1u << kHashBits, kNone), before_(kWindow) {}

  struct Match {
    std::size_t length = 0, distance = 0;
  };
  Match find(std::size_t at) const {
    Match best;
    if (at + kMinMatch > data_.size()) return best;
    const std::size_t longest = std::min(kMaxMatch, data_.size() - at);
    std::size_t candidate = last_[hash(at)];
    for (int tries = 0; tries < kMaxTries && candidate != kNone && at - candidate <= kWindow - 1; ++tries) {
      std::size_t length = 0;
      while (length < longest && data_[candidate + length] == data_[at + length]) ++length;
      if (length > best.length) best = {length, at - candidate};
      if (length == longest) break;
      const std::size_t next = before_[candidate % kWindow];
      if (next == kNone || next >= candidate) break;  // overwritten by a later place
      candidate = next;
    }
    return best.length >= kMinMatch ? best : Match{};
  }
  void add(std::size_t at) {
    if (at + kMinMatch > data_.size()) return;
    std::size_t& slot = last_[hash(at)];
    before_[at % kWindow] = slot;
    slot = at;
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t hash(std::size_t at) const {
    const std::uint32_t three =
        data_[at] | static_cast<std::uint32_t>(data_[at + 1]) << 8 | static_cast<std::uint32_t>(data_[at + 2]) << 16;
    return three * 2654435761u >> (32 - kHashBits);
  }

  std::span<const std::uint8_t> data_;
  std::vector<std::size_t> last_, before_;
};

std::uint32_t adler32(std::span<const std::uint8_t> data) {
  constexpr std::uint32_t kPrime = 65521;
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t byte : data) {
    a = (a + byte) % kPrime;
    b = (b + a) % kPrime;
  }
  return b << 16 | a;
}

}  // namespace

std::vector<std::byte> encode_zlib(std::span<const std::uint8_t> data) {
  std::vector<std::byte> out = {std::byte{0x78}, std::byte{0x01}};  // 32 KiB window, fastest
  BitWriter writer(out);
  writer.bits(1, 1);  // the last block
  writer.bits(1, 2);  // of fixed codes
  Matcher matcher(data);
  for (std::size_t at = 0; at < data.size();) {
    const Matcher::Match match = matcher.find(at);
    const std::size_t count = std::max<std::size_t>(match.length, 1);
    if (match.length > 0) {
      put_length(writer, match.length);
      put_distance(writer, match.distance);
    } else {
      put_symbol(writer, data[at]);
    }
    for (std::size_t i = 0; i < count; ++i) matcher.add(at + i);
    at += count;
  }
  put_symbol(writer, 256);
  writer.finish();
  const std::uint32_t sum = adler32(data);
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::byte>(sum >> shift & 0xff));
  return out;
}

}  // namespace softac

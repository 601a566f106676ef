#include "export/protobuf.h"

#include <bit>

namespace softac {
namespace {

enum WireType : int { kVarint = 0, kBytes = 2, kFixed32 = 5 };

std::uint64_t key(int field, WireType type) {
  return static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type);
}

}  // namespace

void ProtoMessage::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
  bytes_.push_back(static_cast<char>(value));
}

void ProtoMessage::add(int field, std::int64_t value) {
  varint(key(field, kVarint));
  varint(static_cast<std::uint64_t>(value));
}

void ProtoMessage::add(int field, float value) {
  varint(key(field, kFixed32));
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
}

void ProtoMessage::add(int field, std::string_view bytes) {
  varint(key(field, kBytes));
  varint(bytes.size());
  bytes_.append(bytes);
}

}  // namespace softac

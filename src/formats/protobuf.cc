#include "formats/protobuf.h"

#include <bit>

namespace softac {

namespace {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::uint64_t key(int field, WireType type) {
  return static_cast<std::uint64_t>(field) << 3 | type;
}

}  // namespace

void ProtoMessage::add_varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  bytes_ += static_cast<char>(value);
}

void ProtoMessage::add(int field, std::int64_t value) {
  add_varint(key(field, kVarint));
  add_varint(static_cast<std::uint64_t>(value));
}

void ProtoMessage::add(int field, double value) {
  add_varint(key(field, kFixed64));
  append_fixed(bytes_, std::bit_cast<std::uint64_t>(value));
}

void ProtoMessage::add(int field, float value) {
  add_varint(key(field, kFixed32));
  append_fixed(bytes_, std::bit_cast<std::uint32_t>(value));
}

void ProtoMessage::add(int field, std::string_view bytes) {
  add_varint(key(field, kBytes));
  add_varint(bytes.size());
  bytes_ += bytes;
}

}  // namespace softac

#include "formats/protobuf.h"

#include <bit>

namespace softac::protobuf {

namespace {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  out += static_cast<char>(value);
}

void append_tag(std::string& out, std::uint64_t field, WireType type) {
  append_varint(out, field << 3 | type);
}

}  // namespace

void append_int(std::string& out, std::uint64_t field, std::int64_t value) {
  append_tag(out, field, kVarint);
  append_varint(out, static_cast<std::uint64_t>(value));
}

void append_double(std::string& out, std::uint64_t field, double value) {
  append_tag(out, field, kFixed64);
  append_fixed(out, std::bit_cast<std::uint64_t>(value));
}

void append_float(std::string& out, std::uint64_t field, float value) {
  append_tag(out, field, kFixed32);
  append_fixed(out, std::bit_cast<std::uint32_t>(value));
}

void append_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  append_tag(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

}  // namespace softac::protobuf

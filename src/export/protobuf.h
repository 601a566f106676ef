// Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding), as far as ONNX needs it: a message
// is its fields one after the other, each a key and a value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace softac {

class ProtoMessage {
 public:
  void add(int field, std::int64_t value);  // varint
  void add(int field, float value);
  void add(int field, std::string_view bytes);
  void add(int field, const char* text) { add(field, std::string_view(text)); }
  void add(int field, const ProtoMessage& message) { add(field, message.bytes()); }

  std::string_view bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value);

  std::string bytes_;
};

}  // namespace softac

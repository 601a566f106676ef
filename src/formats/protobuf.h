// The wire format of protocol buffers (protobuf.dev, "Encoding"), as far as softac's files need it: a message is its
// fields one after the other, each a key and a value.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace softac {

// Lowest byte first.
template <std::unsigned_integral T>
void append_fixed(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

class ProtoMessage {
 public:
  void add(int field, std::int64_t value);  // int32, int64, enum
  void add(int field, double value);
  void add(int field, float value);
  void add(int field, std::string_view bytes);  // string, bytes
  void add(int field, const char* text) { add(field, std::string_view(text)); }
  void add(int field, const ProtoMessage& message) { add(field, message.bytes()); }
  void clear() { bytes_.clear(); }

  std::string_view bytes() const { return bytes_; }

 private:
  void add_varint(std::uint64_t value);

  std::string bytes_;
};

}  // namespace softac

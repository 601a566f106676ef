// The wire format of protocol buffers, as far as softac's files need it (protobuf.dev, "Encoding"). Each function
// appends a field.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace softac::protobuf {

// Lowest byte first.
template <std::unsigned_integral T>
void append_fixed(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

void append_int(std::string& out, std::uint64_t field, std::int64_t value);  // int32, int64, enum
void append_double(std::string& out, std::uint64_t field, double value);
void append_float(std::string& out, std::uint64_t field, float value);
void append_bytes(std::string& out, std::uint64_t field, std::string_view bytes);  // string, bytes or a message

}  // namespace softac::protobuf

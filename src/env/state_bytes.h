// Environment states as bytes: plain values one after the other, in the machine's (little-endian) order.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "softac/error.h"

namespace softac {

class StateWriter {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_arithmetic_v<T>);
    put_array(std::span<const T>(&value, 1));
  }
  template <class T>
  void put_array(std::span<const T> values) {
    static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, std::byte>);
    const auto bytes = std::as_bytes(values);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Throws IoError where the bytes end too early or, in finish(), too late.
class StateReader {
 public:
  StateReader(std::span<const std::byte> bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {}
  template <class T>
  T get() {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    get_array(std::span<T>(&value, 1));
    return value;
  }
  template <class T>
  void get_array(std::span<T> values) {
    static_assert(std::is_arithmetic_v<T>);
    const auto source = get_bytes(values.size_bytes());
    if (!source.empty()) std::memcpy(values.data(), source.data(), source.size());
  }
  std::span<const std::byte> get_bytes(std::size_t size) {
    if (size > bytes_.size() - position_) {
      throw IoError("state of " + what_ + ": " + std::to_string(bytes_.size()) + " bytes, expected at least " +
                    std::to_string(position_ + size));
    }
    const auto part = bytes_.subspan(position_, size);
    position_ += size;
    return part;
  }
  void finish() const {
    if (position_ != bytes_.size()) {
      throw IoError("state of " + what_ + ": " + std::to_string(bytes_.size()) + " bytes, expected " +
                    std::to_string(position_));
    }
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::string what_;
};

// A whole state that is N numbers.
template <std::size_t N>
std::vector<std::byte> bytes_of(const std::array<double, N>& state) {
  StateWriter out;
  out.put_array(std::span<const double>(state));
  return out.take();
}
template <std::size_t N>
std::array<double, N> numbers_of(std::span<const std::byte> bytes, const std::string& what) {
  std::array<double, N> state{};
  StateReader in(bytes, what);
  in.get_array(std::span<double>(state));
  in.finish();
  return state;
}

}  // namespace softac

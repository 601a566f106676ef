// A typed array in row-major order, as the file formats hold it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "softac/error.h"

namespace softac {

enum class TensorType { boolean, u8, i8, i16, u16, i32, u32, i64, u64, f16, bf16, f32, f64 };

std::size_t tensor_type_size(TensorType type);       // bytes of one element
std::string_view tensor_type_name(TensorType type);  // as safetensors names it: "F32", "I64", …

// The TensorType of a C++ type.
template <class T>
constexpr TensorType tensor_type_of() {
  if constexpr (std::is_same_v<T, float>)
    return TensorType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return TensorType::f64;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return TensorType::i64;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return TensorType::u64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return TensorType::i32;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return TensorType::u32;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return TensorType::u8;
  else
    static_assert(!sizeof(T*), "no tensor type for this C++ type");
}

// Number of elements of a shape (1 for a scalar, ()), or −1 if a length is negative or a product of the first
// lengths overflows.
std::int64_t num_elements(std::span<const std::int64_t> shape);
std::string shape_text(std::span<const std::int64_t> shape);  // "(3, 5)"

struct Tensor {
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;  // num_elements(shape) × element size, little-endian

  // Copies values, whose number must fit the shape (ContractError).
  template <class T>
  static Tensor from(std::vector<std::int64_t> tensor_shape, std::span<const T> values) {
    SOFTAC_REQUIRE(num_elements(tensor_shape) == static_cast<std::int64_t>(values.size()), shape_text(tensor_shape),
                   values.size());
    const auto bytes = std::as_bytes(values);
    return {tensor_type_of<T>(), std::move(tensor_shape), {bytes.begin(), bytes.end()}};
  }

  // The elements. ContractError if T is not the tensor's type: check `type` of what comes from a file first.
  template <class T>
  std::span<const T> values() const {
    SOFTAC_REQUIRE(type == tensor_type_of<T>(), tensor_type_name(type), tensor_type_name(tensor_type_of<T>()));
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }

  friend bool operator==(const Tensor&, const Tensor&) = default;
};

}  // namespace softac

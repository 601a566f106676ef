#include "formats/tensor.h"

#include <limits>

namespace softac {

std::size_t tensor_type_size(TensorType type) {
  switch (type) {
    case TensorType::boolean:
    case TensorType::u8:
    case TensorType::i8:
      return 1;
    case TensorType::i16:
    case TensorType::u16:
    case TensorType::f16:
    case TensorType::bf16:
      return 2;
    case TensorType::i32:
    case TensorType::u32:
    case TensorType::f32:
      return 4;
    case TensorType::i64:
    case TensorType::u64:
    case TensorType::f64:
      return 8;
  }
  throw ContractError("unknown tensor type " + std::to_string(static_cast<int>(type)));
}

std::string_view tensor_type_name(TensorType type) {
  constexpr std::string_view kNames[] = {"BOOL", "U8",  "I8",  "I16",  "U16", "I32", "U32",
                                         "I64",  "U64", "F16", "BF16", "F32", "F64"};
  return kNames[static_cast<std::size_t>(type)];
}

std::int64_t num_elements(std::span<const std::int64_t> shape) {
  std::int64_t product = 1;
  for (const std::int64_t length : shape) {
    if (length < 0) return -1;
    if (length > 0 && product > std::numeric_limits<std::int64_t>::max() / length) return -1;
    product *= length;
  }
  return product;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text.append(i > 0 ? ", " : "").append(std::to_string(shape[i]));
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace softac

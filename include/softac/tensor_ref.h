// The learner's state as named tensors, to be copied out and in.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace softac {

// One tensor of the learner's state, in row-major order at the edges (files, Python). Good as long as its agent; read
// and write throw ContractError on a span of another size than the shape's.
struct TensorRef {
  std::string name;                                        // e.g. "critic.0.layers.1.weight"
  std::vector<std::int64_t> shape;                         // weights as (out, in), biases (out), scalars ()
  std::function<void(std::span<float>)> read = {};         // copies out
  std::function<void(std::span<const float>)> write = {};  // copies in
  // Running statistics are in double, and have these in place of read and write.
  std::function<void(std::span<double>)> read_double = {};
  std::function<void(std::span<const double>)> write_double = {};
  bool is_double() const { return read_double != nullptr; }
};

}  // namespace softac

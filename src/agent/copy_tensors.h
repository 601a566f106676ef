// From one learner's tensors to those of another of the same shape.
#pragma once

#include <vector>

#include "softac/error.h"
#include "softac/tensor_ref.h"

namespace softac {

// ContractError where names or shapes differ.
inline void copy_tensors(const std::vector<TensorRef>& from, const std::vector<TensorRef>& to) {
  SOFTAC_REQUIRE(from.size() == to.size(), from.size(), to.size());
  std::vector<float> values;
  std::vector<double> statistics;
  for (std::size_t i = 0; i < to.size(); ++i) {
    SOFTAC_REQUIRE(from[i].name == to[i].name && from[i].shape == to[i].shape, from[i].name, to[i].name);
    std::size_t count = 1;
    for (const std::int64_t n : to[i].shape) count *= n;
    if (to[i].is_double()) {
      statistics.resize(count);
      from[i].read_double(statistics);
      to[i].write_double(statistics);
    } else {
      values.resize(count);
      from[i].read(values);
      to[i].write(values);
    }
  }
}

}  // namespace softac

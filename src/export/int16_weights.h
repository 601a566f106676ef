// Weights of 16 bits: those of an output of a product are whole numbers times one factor, so that
//   y_o = fma(Σ_i x_i q_oi, scale_o, b_o),  the sum a chain of fma from 0.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "nn/graph.h"

namespace softac {

struct Int16Layer {
  std::vector<std::int16_t> weight;  // (out, in)
  std::vector<float> scale;          // (out)
};

using Int16Weights = std::map<int, Int16Layer>;  // by the number of the product's value

// The nearest weights, the largest of each output at ±32767.
Int16Weights to_int16(const PolicyGraph& graph);

}  // namespace softac

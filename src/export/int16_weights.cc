#include "export/int16_weights.h"

#include <algorithm>
#include <cmath>

namespace softac {
namespace {

Int16Layer layer_of(const DenseStep& step) {
  constexpr float kMost = 32767.0f;
  Int16Layer out;
  for (int o = 0; o < step.out; ++o) {
    const float* row = step.weight.data() + std::ptrdiff_t{o} * step.in;
    float largest = 0.0f;
    for (int i = 0; i < step.in; ++i) largest = std::max(largest, std::fabs(row[i]));
    const float scale = largest > 0.0f ? largest / kMost : 1.0f;
    out.scale.push_back(scale);
    for (int i = 0; i < step.in; ++i) {
      const float whole = std::clamp(std::nearbyint(row[i] / scale), -kMost, kMost);
      out.weight.push_back(static_cast<std::int16_t>(whole));
    }
  }
  return out;
}

}  // namespace

Int16Weights to_int16(const PolicyGraph& graph) {
  Int16Weights out;
  for (std::size_t i = 0; i < graph.values().size(); ++i) {
    if (const auto* dense = std::get_if<DenseStep>(&graph.values()[i].step))
      out[static_cast<int>(i)] = layer_of(*dense);
  }
  return out;
}

}  // namespace softac

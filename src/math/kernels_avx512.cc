// Fast kernels on AVX-512: 12 × 32 tiles keep 24 accumulators in 32 registers, enough chains for the latency.
#include "math/lanes_avx512.h"

namespace softac {
namespace {
constexpr int kTileRows = 12, kTilePanels = 2, kWeightRows = 8, kWeightPanels = 2, kProbeChains = 12;
constexpr bool kUnrollSteps = true;
}  // namespace
}  // namespace softac

#include "math/kernels.h"

namespace softac {
namespace {
constexpr KernelTable<float> kTable = make_table("avx512");
}
const KernelTable<float>* avx512_table() {
  return &kTable;
}
}  // namespace softac

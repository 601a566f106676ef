// Fast kernels on AVX2 and FMA: 6 × 16 tiles leave 12 accumulators, 2 weights and 1 broadcast in 16 registers.
#include "math/lanes_avx2.h"

namespace softac {
namespace {
constexpr int kTileRows = 6, kTilePanels = 1, kWeightRows = 6, kWeightPanels = 1, kProbeChains = 6;
constexpr bool kUnrollSteps = true;
}  // namespace
}  // namespace softac

#include "math/kernels.h"

namespace softac {
namespace {
constexpr KernelTable<float> kTable = make_table("avx2");
}
const KernelTable<float>* avx2_table() {
  return &kTable;
}
}  // namespace softac

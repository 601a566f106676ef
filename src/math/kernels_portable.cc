// Fast kernels on plain C++ lanes: for processors without a kernel file of their own.
#include "math/lanes_portable.h"

namespace softac {
namespace {
constexpr int kTileRows = 4, kTilePanels = 1, kWeightRows = 4, kWeightPanels = 1, kProbeChains = 4;
constexpr bool kUnrollSteps = false;
}  // namespace
}  // namespace softac

#include "math/kernels.h"

namespace softac {
namespace {
constexpr KernelTable<float> kTable = make_table("portable");
}
const KernelTable<float>* portable_table() {
  return &kTable;
}
}  // namespace softac

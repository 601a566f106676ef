// Which measurement `softac bench` runs.
#include <cstdio>

#include "bench_what.h"
#include "softac/error.h"

namespace softac::app {

int run_bench(const BenchOptions& options) {
  if (options.what == "update") return bench_update(options);
  if (options.what == "gemm") return bench_gemm(options);
  if (options.what == "env") return bench_env(options);
  if (options.what == "replay") return bench_replay(options);
  if (options.what == "scale") return bench_scale(options);
  throw ContractError("no benchmark named '" + options.what + "'");
}

void print_disturbance(int rounds, int disturbed) {
  if (disturbed == 0) return;
  if (2 * disturbed > rounds) {
    std::printf(
        "  BAD SPELL: other work disturbed %d of %d rounds; the figures are medians over all of them. Measure again.\n",
        disturbed, rounds);
  } else {
    std::printf("  other work disturbed %d of %d rounds; they are left out\n", disturbed, rounds);
  }
}

}  // namespace softac::app

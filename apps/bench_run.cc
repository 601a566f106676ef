// Which measurement `softac bench` runs.
#include "bench_what.h"
#include "softac/error.h"

namespace softac::app {

int run_bench(const BenchOptions& options) {
  if (options.what == "update") return bench_update(options);
  if (options.what == "gemm") return bench_gemm(options);
  if (options.what == "env") return bench_env(options);
  if (options.what == "replay") return bench_replay(options);
  throw ContractError("no benchmark named '" + options.what + "'");
}

}  // namespace softac::app

// The measurements behind `softac bench`; each prints its result on stdout and returns the exit code.
#pragma once

#include "bench.h"

namespace softac::app {

int bench_update(const BenchOptions& options);
int bench_gemm(const BenchOptions& options);
int bench_env(const BenchOptions& options);
int bench_replay(const BenchOptions& options);
int bench_scale(const BenchOptions& options);

// The last line of a result as text: whether the machine was quiet.
void print_disturbance(int rounds, int disturbed);

}  // namespace softac::app

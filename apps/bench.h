// `softac bench`: the command line fills BenchOptions, apps/bench_*.cc measure.
#pragma once

#include <string>

#include "parse.h"

namespace softac::app {

struct BenchOptions {
  std::string what;  // "update", "gemm", "env", "replay", "scale"
  std::string shape_name = "halfcheetah";
  Shape shape;              // parsed from shape_name
  std::string env_id;       // of bench env and bench scale
  int num_envs = 1;         // of bench env; of acting in bench update
  int threads = 1;          // 0 = all cores
  double seconds = 2.0;     // about how long to measure
  std::string max_time;     // give up then; "" = never
  std::string figure_path;  // of bench scale: the SVG file; "" = none
  bool json = false;        // print one JSON object instead of text
};

// Measures and prints the result on stdout. Returns the exit code.
int run_bench(const BenchOptions& options);

}  // namespace softac::app

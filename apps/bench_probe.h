// The machine's own limits, taken in the same run as what is measured, and whether it was quiet meanwhile.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "bench_measure.h"
#include "math/kernel_table.h"

namespace softac::app {

// GFLOP/s of multiply-adds in registers of this table's vector width, on all threads of the pool at once, over about
// `seconds`. No memory traffic: the ceiling of any kernel. Operations over wall time: threads that had to take turns
// on one core count once.
double fma_peak_gflops(const KernelTable<float>& table, ThreadPool& pool, double seconds);

// GB/s (1e9 bytes) on all threads of the pool at once, over memory larger than the last cache. Bytes are counted as
// the STREAM benchmark does: what the loop reads and writes by name, not what the caches fetch for it.
struct Bandwidth {
  double read = 0.0;   // Σ x
  double copy = 0.0;   // y = x
  double triad = 0.0;  // z = x + s y
};

class BandwidthProbe {
 public:
  // Takes three arrays, together at least four times the last cache and at most 768 MB.
  explicit BandwidthProbe(ThreadPool& pool);
  Bandwidth measure();  // one pass of each kind
  std::size_t bytes() const { return 3 * x_.size() * sizeof(double); }

 private:
  ThreadPool& pool_;
  std::vector<double> x_, y_, z_;
};

std::size_t last_cache_bytes();  // 32 MiB where the system does not say

// What a round saw of the machine.
struct RoundState {
  double peak_before = 0.0, peak_after = 0.0;  // GFLOP/s of the multiply-add probe
  double reference_sec = 0.0;                  // time of a fixed work in the second-level cache
};

// Which rounds something else disturbed: the peak moved by more than 10 % within the round, stood more than 10 % below
// the best of the run, or the fixed work took more than 15 % longer than at its best.
std::vector<bool> disturbed_rounds(std::span<const RoundState> rounds);

// Brackets rounds with the probes.
class RoundWatch {
 public:
  // slice_sec: time of one probe.
  RoundWatch(const KernelTable<float>& table, ThreadPool& pool, double slice_sec);
  void begin();
  void end();
  double peak() const;  // GFLOP/s, mean of before and after of the last finished round
  std::vector<bool> disturbed() const { return disturbed_rounds(rounds_); }
  Spread peaks() const;

 private:
  double reference_work();

  const KernelTable<float>& table_;
  ThreadPool& pool_;
  double slice_sec_;
  std::vector<float> work_;
  std::vector<RoundState> rounds_;
};

// How many rounds were disturbed, and the median and spread of a figure over the quiet ones; over all where fewer than
// half were quiet: that is a bad spell, to be reported as one.
struct Verdict {
  int rounds = 0, disturbed = 0;
  bool bad_spell() const { return 2 * disturbed > rounds; }
};
Verdict verdict(const std::vector<bool>& disturbed);
Spread quiet_spread(const std::vector<double>& x, const std::vector<bool>& disturbed);

}  // namespace softac::app

#include "bench_probe.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace softac::app {
namespace {

volatile double g_sink;  // keeps the probes' results alive

}  // namespace

double fma_peak_gflops(const KernelTable<float>& table, ThreadPool& pool, double seconds) {
  std::atomic<std::int64_t> flop{0};
  const double start = now_sec(), deadline = start + seconds;
  pool.run(pool.num_threads(), [&](int) {
    float io[3] = {0.999f, 0.001f, 0.0f};
    std::int64_t done = 0;
    do done += table.fma_probe(20000, io);
    while (now_sec() < deadline);
    flop.fetch_add(done, std::memory_order_relaxed);
  });
  return static_cast<double>(flop.load()) / (now_sec() - start) * 1e-9;
}

std::size_t last_cache_bytes() {
  const long bytes = std::max(sysconf(_SC_LEVEL3_CACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE));
  return bytes > 0 ? static_cast<std::size_t>(bytes) : std::size_t{32} << 20;
}

BandwidthProbe::BandwidthProbe(ThreadPool& pool) : pool_(pool) {
  const std::size_t together =
      std::min<std::size_t>(std::max<std::size_t>(4 * last_cache_bytes(), 96u << 20), 768u << 20);
  const std::size_t count = together / 3 / sizeof(double) / 64 * 64;
  for (auto* array : {&x_, &y_, &z_}) array->resize(count, 1.0);
}

Bandwidth BandwidthProbe::measure() {
  const int parts = pool_.num_threads();
  const std::size_t count = x_.size();
  const auto timed = [&](int arrays, auto pass) {
    const double start = now_sec();
    pool_.run(parts, [&](int part) {
      const std::size_t p = part, n = parts;
      pass(count * p / n, count * (p + 1) / n);
    });
    return static_cast<double>(arrays) * static_cast<double>(count * sizeof(double)) / (now_sec() - start) * 1e-9;
  };
  Bandwidth result;
  result.read = timed(1, [&](std::size_t first, std::size_t last) {
    double sum[8] = {};  // independent chains: bound by memory, not by the latency of an addition
    for (std::size_t i = first; i + 8 <= last; i += 8) {
      for (std::size_t j = 0; j < 8; ++j) sum[j] += x_[i + j];
    }
    g_sink = sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
  });
  result.copy = timed(2, [&](std::size_t first, std::size_t last) {
    std::memcpy(y_.data() + first, x_.data() + first, (last - first) * sizeof(double));
  });
  result.triad = timed(3, [&](std::size_t first, std::size_t last) {
    const double* __restrict x = x_.data();
    const double* __restrict y = y_.data();
    double* __restrict z = z_.data();
    for (std::size_t i = first; i < last; ++i) z[i] = x[i] + 0.5 * y[i];
  });
  g_sink = y_[count / 2] + z_[count / 2];
  return result;
}

std::vector<bool> disturbed_rounds(std::span<const RoundState> rounds) {
  double best_peak = 0.0, best_reference = INFINITY;
  for (const RoundState& r : rounds) {
    best_peak = std::max({best_peak, r.peak_before, r.peak_after});
    best_reference = std::min(best_reference, r.reference_sec);
  }
  std::vector<bool> disturbed;
  for (const RoundState& r : rounds) {
    const double low = std::min(r.peak_before, r.peak_after), high = std::max(r.peak_before, r.peak_after);
    disturbed.push_back(high > 1.1 * low || low < 0.9 * best_peak || r.reference_sec > 1.15 * best_reference);
  }
  return disturbed;
}

RoundWatch::RoundWatch(const KernelTable<float>& table, ThreadPool& pool, double slice_sec)
    : table_(table), pool_(pool), slice_sec_(slice_sec), work_(std::size_t{64} << 10, 1.0f) {
  fma_peak_gflops(table_, pool_, slice_sec_);  // wakes the threads, raises the clock
  reference_work();
}

// Passes over 256 KiB, the best of three times 32: feels what neighbours take of clock and caches, not a single
// interrupt.
double RoundWatch::reference_work() {
  double best = INFINITY;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double start = now_sec();
    float carried = 0.0f;
    for (int pass = 0; pass < 32; ++pass) {
      for (float& x : work_) x = 0.5f * x + 0.25f;
      carried += work_[pass];
    }
    g_sink = static_cast<double>(carried);
    best = std::min(best, now_sec() - start);
  }
  return best;
}

void RoundWatch::begin() {
  RoundState round;
  round.reference_sec = reference_work();
  round.peak_before = fma_peak_gflops(table_, pool_, slice_sec_);
  rounds_.push_back(round);
}

void RoundWatch::end() {
  RoundState& round = rounds_.back();
  round.peak_after = fma_peak_gflops(table_, pool_, slice_sec_);
  round.reference_sec = std::max(round.reference_sec, reference_work());
}

double RoundWatch::peak() const {
  return 0.5 * (rounds_.back().peak_before + rounds_.back().peak_after);
}

Spread RoundWatch::peaks() const {
  std::vector<double> peaks;
  for (const RoundState& r : rounds_) peaks.push_back(0.5 * (r.peak_before + r.peak_after));
  return quiet_spread(peaks, disturbed());
}

Verdict verdict(const std::vector<bool>& disturbed) {
  return {static_cast<int>(disturbed.size()), static_cast<int>(std::count(disturbed.begin(), disturbed.end(), true))};
}

Spread quiet_spread(const std::vector<double>& x, const std::vector<bool>& disturbed) {
  if (verdict(disturbed).bad_spell()) return spread(x);
  std::vector<double> quiet;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!disturbed[i]) quiet.push_back(x[i]);
  }
  return spread(quiet);
}

}  // namespace softac::app

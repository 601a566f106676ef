// softac bench update: one SAC update and its phases beside the machine's limits of the same moment; acting.
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/json.h"
#include "bench_acting.h"
#include "bench_phases.h"
#include "bench_probe.h"
#include "bench_synthetic.h"
#include "bench_what.h"
#include "run/build_info.h"

namespace softac::app {
namespace {

constexpr int kRounds = 9;

Json json_of(const Spread& s) {
  return {{"median", s.median}, {"min", s.min}, {"max", s.max}};
}

// Figures of every round.
struct Rounds {
  std::vector<double> update_ms, sample_ms, fraction, peak, one_thread_ms, one_thread_peak, read, copy, triad;
  std::array<std::vector<double>, kNumPhases> phase_ms;
  std::vector<double> acting_us_one, acting_us_many;
  std::vector<bool> disturbed;
  Spread of(const std::vector<double>& x) const { return quiet_spread(x, disturbed); }
};

Rounds measure(const BenchOptions& options, SacUpdate<float>& sac, Acting& acting) {
  const int obs_dim = options.shape.obs_dim, act_dim = options.shape.act_dim, threads = sac.backend().num_threads();
  const SacConfig& config = sac.config();
  const KernelTable<float>& table = sac.backend().kernels();
  const auto replay = filled_replay(obs_dim, act_dim, transitions_for_bytes(obs_dim, act_dim, 256 << 20));
  Rng rng(1, StreamKind::test);
  ThreadPool pool(threads), one(1);
  BandwidthProbe bandwidth(pool);
  std::optional<SacUpdate<float>> single;
  if (threads > 1) single.emplace(obs_dim, act_dim, config, 1, 1, "");
  const double flop = static_cast<double>(flop_per_update(obs_dim, act_dim, config));
  const double slice = options.seconds / kRounds * (single ? 0.5 : 1.0);
  RoundWatch watch(table, pool, 0.1 * slice);
  time_update(sac, *replay, rng, 0.0);

  Rounds rounds;
  for (int round = 0; round < kRounds; ++round) {
    const Bandwidth gb = bandwidth.measure();
    rounds.read.push_back(gb.read);
    rounds.copy.push_back(gb.copy);
    rounds.triad.push_back(gb.triad);
    time_update(sac, *replay, rng, 0.0);  // back in the caches
    watch.begin();
    const UpdateTimes times = time_update(sac, *replay, rng, 0.7 * slice);
    watch.end();
    rounds.update_ms.push_back(times.update_sec * 1e3);
    rounds.peak.push_back(watch.peak());
    rounds.fraction.push_back(flop / times.update_sec * 1e-9 / watch.peak());
    for (std::size_t p = 0; p < kNumPhases; ++p) rounds.phase_ms[p].push_back(times.phase_sec[p] * 1e3);
    if (single) {
      time_update(*single, *replay, rng, 0.0);
      const double before = fma_peak_gflops(table, one, 0.1 * slice);
      rounds.one_thread_ms.push_back(time_update(*single, *replay, rng, 0.7 * slice).update_sec * 1e3);
      rounds.one_thread_peak.push_back(0.5 * (before + fma_peak_gflops(table, one, 0.1 * slice)));
    }
    rounds.acting_us_one.push_back(1e6 * time_per_call(0.04 * slice, [&] { acting.act(1); }));
    rounds.acting_us_many.push_back(1e6 * time_per_call(0.04 * slice, [&] { acting.act(acting.num_envs()); }));
  }
  rounds.disturbed = watch.disturbed();
  return rounds;
}

Json phases_json(const Rounds& rounds, const PhaseValues& flop, double bytes, double peak) {
  double whole = rounds.of(rounds.phase_ms[kSample]).median + rounds.of(rounds.update_ms).median;
  Json phases;
  for (std::size_t p = 0; p < kNumPhases; ++p) {
    const Spread ms = rounds.of(rounds.phase_ms[p]);
    Json& phase = phases[kPhaseNames[p]];
    phase = {{"ms", ms.median}, {"ms_min", ms.min}, {"ms_max", ms.max}, {"share", ms.median / whole}};
    if (ms.median <= 0.0) continue;
    if (flop[p] > 0.0) {
      phase["flop"] = flop[p];
      phase["gflops"] = flop[p] / ms.median * 1e-6;
      phase["fraction_of_peak"] = flop[p] / ms.median * 1e-6 / peak;
    }
    if (p == kOptimiser) phase["gb_per_sec"] = bytes / ms.median * 1e-6;
  }
  return phases;
}

// What T threads gain beside what they gain where nothing is shared.
Json scaling_json(const Rounds& rounds) {
  std::vector<double> update, probe, efficiency;
  for (std::size_t i = 0; i < rounds.update_ms.size(); ++i) {
    update.push_back(rounds.one_thread_ms[i] / rounds.update_ms[i]);
    probe.push_back(rounds.peak[i] / rounds.one_thread_peak[i]);
    efficiency.push_back(update.back() / probe.back());
  }
  return {{"ms_one_thread", rounds.of(rounds.one_thread_ms).median},
          {"peak_gflops_one_thread", rounds.of(rounds.one_thread_peak).median},
          {"speedup", json_of(rounds.of(update))},
          {"probe_speedup", json_of(rounds.of(probe))},
          {"parallel_efficiency", json_of(rounds.of(efficiency))}};
}

void print_text(const Json& out) {
  const auto num = [](const Json& j) { return j.get<double>(); };
  const Json& shape = out["shape"];
  std::printf("SAC update, obs %d, act %d, hidden %d, batch %d · %s, %d thread%s · %s\n", shape["obs_dim"].get<int>(),
              shape["act_dim"].get<int>(), shape["hidden"].get<int>(), shape["batch_size"].get<int>(),
              out["backend"].get<std::string>().c_str(), out["threads"].get<int>(),
              out["threads"].get<int>() == 1 ? "" : "s", out["cpu"].get<std::string>().c_str());
  std::printf(
      "  %.3f ms per update (%.3f to %.3f), %.4f GFLOP, %.1f of %.1f GFLOP/s = %.3f of the multiply-add peak (%.3f to "
      "%.3f)\n",
      num(out["ms_per_update"]), num(out["ms_per_update_best"]), num(out["ms_per_update_worst"]),
      num(out["flop_per_update"]) * 1e-9, num(out["gflops"]), num(out["peak_gflops"]), num(out["fraction_of_peak"]),
      num(out["fraction_of_peak_min"]), num(out["fraction_of_peak_max"]));
  std::printf("  operations are counted as if the zeros that ReLU leaves were multiplied\n");
  const Json& memory = out["memory_gb_per_sec"];
  std::printf("  memory: read %.1f, copy %.1f, triad %.1f GB/s\n\n", num(memory["read"]), num(memory["copy"]),
              num(memory["triad"]));
  std::printf("  %-16s %9s %7s %10s %8s\n", "phase", "ms", "share", "GFLOP/s", "of peak");
  for (const auto& [name, phase] : out["phases"].items()) {
    std::printf("  %-16s %9.4f %6.1f%%", name.c_str(), num(phase["ms"]), 100.0 * num(phase["share"]));
    if (phase.contains("gflops")) std::printf(" %10.1f %8.3f", num(phase["gflops"]), num(phase["fraction_of_peak"]));
    if (phase.contains("gb_per_sec")) std::printf("   %.1f GB/s", num(phase["gb_per_sec"]));
    std::printf("\n");
  }
  const Json& acting = out["acting"];
  std::printf("\n  acting: %.2f us for one observation, %.2f us for %d\n", num(acting["us_batch_1"]),
              num(acting["us_batch_n"]), acting["n_envs"].get<int>());
  if (out.contains("scaling")) {
    const Json& s = out["scaling"];
    std::printf(
        "  %d threads: %.3f times one thread (%.3f ms); the probe %.3f times; parallel efficiency %.3f (%.3f to "
        "%.3f)\n",
        out["threads"].get<int>(), num(s["speedup"]["median"]), num(s["ms_one_thread"]),
        num(s["probe_speedup"]["median"]), num(s["parallel_efficiency"]["median"]),
        num(s["parallel_efficiency"]["min"]), num(s["parallel_efficiency"]["max"]));
  }
  print_disturbance(out["rounds"].get<int>(), out["disturbed_rounds"].get<int>());
}

}  // namespace

int bench_update(const BenchOptions& options) {
  const int obs_dim = options.shape.obs_dim, act_dim = options.shape.act_dim;
  const SacConfig config = config_of(options.shape);
  SacUpdate<float> sac(obs_dim, act_dim, config, 1, options.threads, "");
  Acting acting(obs_dim, act_dim, config, options.num_envs, options.threads);
  const Rounds rounds = measure(options, sac, acting);

  const UpdateFlop flop = update_flop(obs_dim, act_dim, config);
  const Spread ms = rounds.of(rounds.update_ms), fraction = rounds.of(rounds.fraction);
  const double peak = rounds.of(rounds.peak).median, total = static_cast<double>(flop.total());
  const Verdict quiet = verdict(rounds.disturbed);
  Json out = {{"shape",
               {{"obs_dim", obs_dim},
                {"act_dim", act_dim},
                {"hidden", options.shape.hidden},
                {"batch_size", config.batch_size}}},
              {"ms_per_update", ms.median},
              {"ms_per_update_best", ms.min},
              {"ms_per_update_worst", ms.max},
              {"flop_per_update", total},
              {"gflops", total / ms.median * 1e-6},
              {"peak_gflops", peak},
              {"fraction_of_peak", fraction.median},
              {"fraction_of_peak_min", fraction.min},
              {"fraction_of_peak_max", fraction.max},
              {"rounds", quiet.rounds},
              {"disturbed_rounds", quiet.disturbed},
              {"bad_spell", quiet.bad_spell()},
              {"threads", sac.backend().num_threads()},
              {"backend", sac.backend().name()},
              {"cpu", cpu_model()},
              {"memory_gb_per_sec",
               {{"read", rounds.of(rounds.read).median},
                {"copy", rounds.of(rounds.copy).median},
                {"triad", rounds.of(rounds.triad).median}}},
              {"phases", phases_json(rounds, phase_flop(flop), optimiser_bytes(sac), peak)},
              {"acting",
               {{"us_batch_1", rounds.of(rounds.acting_us_one).median},
                {"us_batch_n", rounds.of(rounds.acting_us_many).median},
                {"n_envs", acting.num_envs()}}}};
  if (sac.backend().num_threads() > 1) {
    out["scaling"] = scaling_json(rounds);
    out["parallel_efficiency"] = out["scaling"]["parallel_efficiency"]["median"].get<double>();
  }
  if (options.json)
    std::printf("%s\n", out.dump(2).c_str());
  else
    print_text(out);
  return 0;
}

}  // namespace softac::app

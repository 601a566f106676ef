// softac bench update: one SAC update beside the multiply-add peak of the same moment.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/flop.h"
#include "agent/sac.h"
#include "bench_measure.h"
#include "bench_what.h"
#include "train/build_info.h"

namespace softac::app {
namespace {

void fill_batch(BatchView<float> batch) {
  Rng rng(1, StreamKind::test);
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) {
      batch.x.at(r, c) = static_cast<float>(c < batch.obs_dim ? rng.normal() : rng.uniform(-1, 1));
    }
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.reward[b] = static_cast<float>(rng.normal());
    batch.discount[b] = 0.99f;
  }
}

}  // namespace

int bench_update(const BenchOptions& options) {
  SacConfig config;
  config.net_arch = {options.shape.hidden, options.shape.hidden};
  config.batch_size = options.shape.batch_size;
  Sac<float> sac(options.shape.obs_dim, options.shape.act_dim, config, 1, options.threads, "");
  fill_batch(sac.batch());
  const double flop = static_cast<double>(flop_per_update(options.shape.obs_dim, options.shape.act_dim, config));
  ThreadPool probe_pool(options.threads);
  const KernelTable<float>& table = sac.backend().kernels();

  // Rounds of probe, updates, probe: both figures of a ratio are from the same moment.
  const int rounds = 9;
  const double round_sec = options.seconds / rounds;
  std::vector<double> ms, peak, fraction;
  sac.update();
  for (int round = 0; round < rounds; ++round) {
    const double before = fma_peak_gflops(table, probe_pool, 0.15 * round_sec);
    const double seconds = time_per_call(0.7 * round_sec, [&] { sac.update(); });
    const double after = fma_peak_gflops(table, probe_pool, 0.15 * round_sec);
    ms.push_back(seconds * 1e3);
    peak.push_back(0.5 * (before + after));
    fraction.push_back(flop / seconds * 1e-9 / peak.back());
  }

  // The phases one by one; what Adam and Polyak take is the rest of the whole.
  const double phase_sec = 0.1 * options.seconds;
  nlohmann::ordered_json phases;
  double sum = 0.0;
  const auto phase = [&](const char* name, auto f) {
    const double seconds = time_per_call(phase_sec, f);
    phases[name] = seconds * 1e3;
    sum += seconds * 1e3;
  };
  phase("noise_ms", [&] { sac.draw_noise(); });
  phase("policy_ms", [&] { sac.sample_policy(); });
  phase("target_ms", [&] { sac.compute_targets(); });
  phase("critic_gradient_ms", [&] { sac.critic_gradients(); });
  phase("actor_gradient_ms", [&] { sac.actor_gradients(); });
  phases["optimiser_ms"] = std::max(0.0, median(ms) - sum);

  nlohmann::ordered_json out = {{"shape",
                                 {{"obs_dim", options.shape.obs_dim},
                                  {"act_dim", options.shape.act_dim},
                                  {"hidden", options.shape.hidden},
                                  {"batch_size", options.shape.batch_size}}},
                                {"ms_per_update", median(ms)},
                                {"ms_per_update_best", *std::min_element(ms.begin(), ms.end())},
                                {"flop_per_update", flop},
                                {"gflops", flop / median(ms) * 1e-6},
                                {"peak_gflops", median(peak)},
                                {"fraction_of_peak", median(fraction)},
                                {"fraction_of_peak_min", *std::min_element(fraction.begin(), fraction.end())},
                                {"fraction_of_peak_max", *std::max_element(fraction.begin(), fraction.end())},
                                {"rounds", rounds},
                                {"threads", sac.backend().num_threads()},
                                {"backend", sac.backend().name()},
                                {"cpu", cpu_model()},
                                {"phases", phases}};
  if (options.json) {
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("SAC update, obs %d, act %d, hidden %d, batch %d · %s, %d thread%s · %s\n", options.shape.obs_dim,
              options.shape.act_dim, options.shape.hidden, options.shape.batch_size, sac.backend().name(),
              sac.backend().num_threads(), sac.backend().num_threads() == 1 ? "" : "s", cpu_model().c_str());
  std::printf(
      "  %.3f ms per update (best round %.3f), %.4f GFLOP, %.1f of %.1f GFLOP/s = %.3f of the multiply-add peak\n",
      median(ms), *std::min_element(ms.begin(), ms.end()), flop * 1e-9, flop / median(ms) * 1e-6, median(peak),
      median(fraction));
  for (const auto& [name, value] : phases.items()) std::printf("  %-20s %8.3f\n", name.c_str(), value.get<double>());
  return 0;
}

}  // namespace softac::app

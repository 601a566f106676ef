// softac bench replay: storing transitions, and sampling batches with the update's noise from a full memory, beside
// the update that reads them.
#include <cstdio>

#include "agent/update.h"
#include "base/json.h"
#include "bench_probe.h"
#include "bench_synthetic.h"
#include "bench_what.h"
#include "run/build_info.h"

namespace softac::app {

int bench_replay(const BenchOptions& options) {
  constexpr int kRounds = 9;
  const int obs_dim = options.shape.obs_dim, act_dim = options.shape.act_dim;
  const double start = now_sec();
  const auto replay = filled_replay(obs_dim, act_dim, 1'000'000);
  const double add_ns = (now_sec() - start) / static_cast<double>(replay->num_transitions()) * 1e9;

  SacUpdate<float> sac(obs_dim, act_dim, config_of(options.shape), 1, options.threads, "");
  ThreadPool pool(sac.backend().num_threads());
  Rng rng(1, StreamKind::test);
  const double slice = options.seconds / kRounds;
  RoundWatch watch(sac.backend().kernels(), pool, 0.1 * slice);
  std::vector<double> sample_us, noise_us, update_us, share;
  replay->sample(rng, sac.batch());
  sac.run();
  for (int round = 0; round < kRounds; ++round) {
    watch.begin();
    // As in training: each batch follows an update, which has put the rows and their addresses out of the caches.
    double sample = 0.0, noise = 0.0, update = 0.0;
    int calls = 0;
    const double begin = now_sec();
    do {
      const double t0 = now_sec();
      replay->sample(rng, sac.batch());
      const double t1 = now_sec();
      sac.draw_noise();
      const double t2 = now_sec();
      sac.run_with_noise();
      const double t3 = now_sec();
      sample += t1 - t0;
      noise += t2 - t1;
      update += t3 - t1;
      ++calls;
    } while (now_sec() - begin < 0.8 * slice);
    watch.end();
    sample_us.push_back(1e6 * sample / calls);
    noise_us.push_back(1e6 * noise / calls);
    update_us.push_back(1e6 * update / calls);
    share.push_back((sample + noise) / update);
  }
  const std::vector<bool> disturbed = watch.disturbed();
  const Verdict quiet = verdict(disturbed);
  const auto mid = [&](const std::vector<double>& x) { return quiet_spread(x, disturbed).median; };
  const Json out = {{"obs_dim", obs_dim},
                    {"act_dim", act_dim},
                    {"hidden", options.shape.hidden},
                    {"batch_size", options.shape.batch_size},
                    {"transitions", replay->num_transitions()},
                    {"bytes", ReplayBuffer::bytes_needed(replay->shape())},
                    {"add_ns", add_ns},
                    {"sample_us", mid(sample_us)},
                    {"noise_us", mid(noise_us)},
                    {"update_us", mid(update_us)},
                    {"share_of_update", mid(share)},
                    {"rounds", quiet.rounds},
                    {"disturbed_rounds", quiet.disturbed},
                    {"bad_spell", quiet.bad_spell()},
                    {"threads", sac.backend().num_threads()},
                    {"backend", sac.backend().name()},
                    {"cpu", cpu_model()}};
  if (options.json) {
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("replay of %lld transitions (%.2f GB), obs %d, act %d: add %.0f ns\n",
              static_cast<long long>(replay->num_transitions()),
              1e-9 * static_cast<double>(ReplayBuffer::bytes_needed(replay->shape())), obs_dim, act_dim, add_ns);
  std::printf("  a batch of %d in %.1f us and its noise in %.1f us: %.2f %% of an update (%.0f us)\n",
              options.shape.batch_size, mid(sample_us), mid(noise_us), 100.0 * mid(share), mid(update_us));
  print_disturbance(quiet.rounds, quiet.disturbed);
  return 0;
}

}  // namespace softac::app

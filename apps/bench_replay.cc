// softac bench replay: storing transitions, and sampling batches from a memory larger than the caches.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench_measure.h"
#include "bench_what.h"
#include "math/arena.h"
#include "replay/replay_buffer.h"
#include "train/build_info.h"

namespace softac::app {

int bench_replay(const BenchOptions& options) {
  const int obs_dim = options.shape.obs_dim, act_dim = options.shape.act_dim, batch_size = options.shape.batch_size;
  ReplayShape shape;
  shape.obs_dim = obs_dim;
  shape.act_dim = act_dim;
  shape.buffer_size = 1'000'000;
  ReplayBuffer replay(shape);
  Rng rng(1, StreamKind::test);
  std::vector<float> obs(static_cast<std::size_t>(obs_dim), 0.5f), next_obs = obs,
                                                                   action(static_cast<std::size_t>(act_dim), 0.1f);
  long step = 0;
  const double start = now_sec();
  while (replay.num_transitions() < shape.buffer_size * 99 / 100) {
    next_obs[0] = static_cast<float>(++step);
    replay.add(0, obs, action, 1.0f, next_obs, false, false);
    std::swap(obs, next_obs);
  }
  const double add_ns = (now_sec() - start) / static_cast<double>(step) * 1e9;

  Arena arena;
  const auto rows = static_cast<std::size_t>(batch_size);
  const BatchView<float> batch{arena.panels<float>(2 * batch_size, obs_dim + act_dim),
                               arena.take<float>(rows),
                               arena.take<float>(rows),
                               batch_size,
                               obs_dim,
                               act_dim};
  std::vector<double> us;
  for (int round = 0; round < 9; ++round)
    us.push_back(1e6 * time_per_call(options.seconds / 9.0, [&] { replay.sample(rng, batch); }));
  const nlohmann::ordered_json out = {{"obs_dim", obs_dim},
                                      {"act_dim", act_dim},
                                      {"batch_size", batch_size},
                                      {"transitions", replay.num_transitions()},
                                      {"bytes", ReplayBuffer::bytes_needed(shape)},
                                      {"add_ns", add_ns},
                                      {"sample_us", median(us)},
                                      {"cpu", cpu_model()}};
  if (options.json) {
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("replay of %lld transitions (%.2f GB), obs %d, act %d: add %.0f ns, sample a batch of %d in %.1f us\n",
                static_cast<long long>(replay.num_transitions()),
                1e-9 * static_cast<double>(ReplayBuffer::bytes_needed(shape)), obs_dim, act_dim, add_ns, batch_size,
                median(us));
  }
  return 0;
}

}  // namespace softac::app

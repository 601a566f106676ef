#include "bench_synthetic.h"

#include <algorithm>
#include <vector>

namespace softac::app {

std::unique_ptr<ReplayBuffer> filled_replay(int obs_dim, int act_dim, std::int64_t transitions) {
  constexpr std::int64_t kEpisode = 1000;
  ReplayShape shape;
  shape.obs_dim = obs_dim;
  shape.act_dim = act_dim;
  shape.buffer_size = transitions + transitions / kEpisode + 2;  // one slot more per episode's end
  auto replay = std::make_unique<ReplayBuffer>(shape);
  const std::size_t observations = obs_dim, actions = act_dim;
  // Windows into one long list of numbers: no generator call per value, no two rows alike for a long time.
  Rng rng(1, StreamKind::test);
  std::vector<float> normal(4093 + observations), uniform(1021 + actions);
  for (float& x : normal) x = static_cast<float>(rng.normal());
  for (float& x : uniform) x = static_cast<float>(rng.uniform(-1, 1));
  for (std::int64_t step = 0; step < transitions; ++step) {
    const std::size_t at = step % 4093, next = (step + 1) % 4093;
    replay->add(0, std::span(normal).subspan(at, observations), std::span(uniform).subspan(step % 1021, actions),
                normal[at], std::span(normal).subspan(next, observations), false, step % kEpisode == kEpisode - 1);
  }
  return replay;
}

std::int64_t transitions_for_bytes(int obs_dim, int act_dim, std::int64_t bytes) {
  const std::int64_t record = std::int64_t{4} * (obs_dim + act_dim + 2);
  return std::clamp<std::int64_t>(bytes / record, 1000, 1'000'000);
}

}  // namespace softac::app

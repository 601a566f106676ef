#include "bench_phases.h"

#include "bench_measure.h"

namespace softac::app {

UpdateTimes time_update(SacUpdate<float>& sac, ReplayBuffer& replay, Rng& rng, double seconds) {
  UpdateTimes times;
  PhaseValues& sum = times.phase_sec;
  int updates = 0;
  const double start = now_sec();
  double at = start;
  do {
    replay.sample(rng, sac.batch());
    const double sampled = now_sec();
    sac.run();
    sum[kSample] += sampled - at;
    at = now_sec();
    times.update_sec += at - sampled;
    ++updates;
  } while (at - start < 0.67 * seconds);
  times.update_sec /= updates;
  sum[kSample] /= updates;

  at = now_sec();
  int passes = 0;
  const double phases_start = at;
  const auto lap = [&](Phase phase) {
    const double now = now_sec();
    sum[phase] += now - at;
    at = now;
  };
  do {
    replay.sample(rng, sac.batch());
    at = now_sec();
    sac.draw_noise();
    lap(kNoise);
    sac.sample_policy();
    lap(kPolicy);
    sac.find_targets();
    lap(kTarget);
    sac.critic_forward();
    lap(kCriticForward);
    sac.critic_gradients();  // the forward pass once more, then the backward pass
    lap(kCriticBackward);
    sac.actor_gradients();
    lap(kActor);
    ++passes;
  } while (at - phases_start < 0.33 * seconds);
  for (int phase = kNoise; phase <= kActor; ++phase) sum[phase] /= passes;
  sum[kCriticBackward] = std::max(sum[kCriticBackward] - sum[kCriticForward], 0.0);
  double rest = times.update_sec;
  for (int phase = kNoise; phase <= kActor; ++phase) rest -= sum[phase];
  sum[kOptimiser] = std::max(rest, 0.0);
  return times;
}

PhaseValues phase_flop(const UpdateFlop& flop) {
  PhaseValues values{};
  values[kPolicy] = static_cast<double>(flop.policy);
  values[kTarget] = static_cast<double>(flop.target);
  values[kCriticForward] = static_cast<double>(flop.critic_forward);
  values[kCriticBackward] = static_cast<double>(flop.critic_backward);
  values[kActor] = static_cast<double>(flop.actor);
  return values;
}

double optimiser_bytes(SacUpdate<float>& sac) {
  const LearnerState<float>& state = sac.state();
  return 4.0 * (7.0 * static_cast<double>(state.actor.size) + 9.0 * static_cast<double>(state.critic.size));
}

}  // namespace softac::app

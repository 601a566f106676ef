// The robot: one of softac's environments that runs in real time in a process of its own. It takes the newest action
// from the shared memory at each of its steps, whether the controller was in time or not.
//
// plant LINK ENV [FRAME_SKIP]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "link.h"
#include "softac/env.h"

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: plant LINK ENV [FRAME_SKIP]\n");
    return 2;
  }
  softac::EnvKwargs kwargs;
  if (argc == 4) kwargs["frame_skip"] = std::atof(argv[3]);
  const auto env = softac::make_env(argv[2], kwargs);
  const softac::EnvSpec& spec = env->spec();
  if (spec.num_actions > 0 || spec.obs_dim > LINK_OBSERVATIONS || spec.act_dim > LINK_ACTIONS || !(spec.dt > 0.0)) {
    std::fprintf(stderr, "plant: %s has discrete actions, too many numbers or no time step\n", argv[2]);
    return 1;
  }
  plant_link* const shared = open_link(argv[1], 1);
  if (shared == nullptr) {
    std::perror("plant");
    return 1;
  }
  *shared = {};
  shared->observations = static_cast<std::uint32_t>(spec.obs_dim);
  shared->actions = static_cast<std::uint32_t>(spec.act_dim);

  std::vector<double> obs(shared->observations), action(shared->actions);
  std::vector<float> rounded(obs.size()), command(action.size());
  softac::Rng rng(1, softac::StreamKind::env);
  const auto publish_obs = [&] {
    for (std::size_t i = 0; i < obs.size(); ++i) rounded[i] = static_cast<float>(obs[i]);
    publish(&shared->observation_count, shared->observation, rounded.data(), shared->observations);
  };
  const auto period = static_cast<std::int64_t>(spec.dt * 1e9);
  std::int64_t deadline = now_ns();
  shared->start_ns = deadline;
  env->reset(rng, obs);
  publish_obs();
  std::printf("ready: %s, %.0f Hz\n", argv[2], 1.0 / spec.dt);
  std::fflush(stdout);

  std::uint32_t seen = 0;
  long steps = 0, without_action = 0, episodes = 0;
  double reward = 0.0;
  while (__atomic_load_n(&shared->stop, __ATOMIC_SEQ_CST) == 0) {
    deadline += period;
    sleep_until_ns(deadline);
    const std::uint32_t before = seen;
    seen = newest(&shared->action_count, shared->action, command.data(), shared->actions, seen);
    if (seen == 0) continue;  // nobody controls it yet
    without_action += seen == before;
    for (std::size_t i = 0; i < action.size(); ++i) action[i] = static_cast<double>(command[i]);
    const softac::StepResult result = env->step(action, obs);
    reward += result.reward;
    ++steps;
    if (result.terminated || result.truncated) {
      ++episodes;
      env->reset(rng, obs);
    }
    publish_obs();
  }
  shm_unlink(argv[1]);
  std::printf("%ld steps, %ld of them with an old action, %ld episodes ended, reward per step %.3f\n", steps,
              without_action, episodes, steps > 0 ? reward / static_cast<double>(steps) : 0.0);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "plant: %s\n", error.what());
  return 1;
}

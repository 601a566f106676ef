// softac bench env: environment steps per second under random actions.
#include <cstdio>
#include <memory>

#include "base/json.h"
#include "bench_measure.h"
#include "bench_what.h"
#include "run/build_info.h"
#include "softac/vec_env.h"

namespace softac::app {

int bench_env(const BenchOptions& options) {
  std::vector<std::unique_ptr<Env>> envs;
  for (int i = 0; i < options.num_envs; ++i) envs.push_back(make_env(options.env_id));
  VecEnvOptions vec_options;
  vec_options.num_threads = options.threads;
  VecEnv env(std::move(envs), vec_options);
  const std::size_t act_dim = env.spec().act_dim;
  std::vector<float> actions(options.num_envs * act_dim * 64);  // 64 vector steps of actions
  Rng rng(1, StreamKind::test);
  for (float& a : actions) a = static_cast<float>(rng.uniform(-1, 1));
  env.reset();
  std::vector<double> rates;
  std::size_t at = 0;
  const std::size_t width = options.num_envs * act_dim;
  for (int round = 0; round < 7; ++round) {
    const double seconds = time_per_call(options.seconds / 7.0, [&] {
      env.step(std::span<const float>(actions).subspan(at, width));
      at = (at + width) % actions.size();
    });
    rates.push_back(options.num_envs / seconds);
  }
  const Json out = {
      {"env", options.env_id},          {"n_envs", options.num_envs},         {"threads", options.threads},
      {"steps_per_sec", median(rates)}, {"us_per_step", 1e6 / median(rates)}, {"cpu", cpu_model()}};
  if (options.json) {
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("%s, %d environment%s, %d thread%s: %.0f steps/s (%.1f us per step)\n", options.env_id.c_str(),
                options.num_envs, options.num_envs == 1 ? "" : "s", options.threads, options.threads == 1 ? "" : "s",
                median(rates), 1e6 / median(rates));
  }
  return 0;
}

}  // namespace softac::app

// softac bench: the options; apps/bench_*.cc measure.
#include <memory>

#include "bench.h"
#include "commands.h"
#include "exit_code.h"
#include "signals.h"
#include "softac/error.h"

namespace softac::app {

void add_bench(Command root, Context& context) {
  Command bench = root.add_command("bench", "Measure speed on this machine");
  bench.require_command();
  // Each command has its own options, so that a default of one is not another's.
  auto add = [&](const char* name, const char* description, double seconds = 2.0) {
    auto options = std::make_shared<BenchOptions>();
    options->what = name;
    options->seconds = seconds;
    Command command = bench.add_command(name, description);
    command.add_option("--threads", options->threads, "Threads; 0 = all cores").show_default().value_name("T");
    command.add_option("--seconds", options->seconds, "About how long to measure").show_default().value_name("S");
    command.add_option("--max-time", options->max_time, "Give up after this time with exit code 75").value_name("TIME");
    add_json_option(command, context);
    command.on_parse([&context, options] {
      context.action = [&context, options] {
        options->json = context.json;
        options->shape = parse_shape(options->shape_name);
        if (options->threads < 0 || options->threads > 4096)
          throw ConfigError("--threads " + std::to_string(options->threads) + ": must be from 0 to 4096");
        if (!(options->seconds > 0 && options->seconds <= 3600))
          throw ConfigError("--seconds: must be greater than 0 and at most 3600");
        if (options->num_envs < 1 || options->num_envs > 65536)
          throw ConfigError("--n-envs " + std::to_string(options->num_envs) + ": must be from 1 to 65536");
        install_quick_stop(0, options->max_time.empty() ? 0.0 : parse_duration(options->max_time));
        return run_bench(*options);
      };
    });
    return std::pair(command, options);
  };
  const auto add_shape = [](auto made) {
    made.first
        .add_option("--shape", made.second->shape_name,
                    "halfcheetah, humanoid, or O,A,H,B: observation, action, hidden width, batch")
        .show_default()
        .value_name("SHAPE");
  };
  const auto add_num_envs = [](auto made, const char* description) {
    made.first.add_option("--n-envs", made.second->num_envs, description).show_default().value_name("N");
  };

  const auto update = add("update", "One SAC update by phase: time, share of the machine's peak; acting");
  add_shape(update);
  update.second->num_envs = 8;
  add_num_envs(update, "Observations acted on together");
  add_shape(add("gemm", "The matrix products of an update, beside oneDNN and OpenBLAS where installed"));
  auto env = add("env", "Environment steps per second under random actions");
  env.second->env_id = "HalfCheetah-v5";
  env.first.add_option("ENV", env.second->env_id, "Environment").show_default();
  add_num_envs(env, "Environments stepped together");
  add_shape(add("replay", "Storing transitions, and sampling batches beside the update that reads them"));
  auto scale =
      add("scale", "How cost grows with batch, width, depth, observations, critics, environments and replay", 20.0);
  add_shape(scale);
  scale.second->env_id = "Pendulum-v1";
  scale.first.add_option("--env", scale.second->env_id, "Environment of the axis n_envs")
      .show_default()
      .value_name("ENV");
  scale.first.add_option("-o,--output", scale.second->figure_path, "Write the figure to this SVG file")
      .value_name("FILE");
}

}  // namespace softac::app

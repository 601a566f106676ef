// softac bench: the options; apps/bench_*.cc measure.
#include <CLI/CLI.hpp>
#include <memory>

#include "bench.h"
#include "commands.h"
#include "exit_code.h"
#include "softac/error.h"

namespace softac::app {

void add_bench(CLI::App& app, Context& context) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* bench = app.add_subcommand("bench", "Measure speed on this machine");
  bench->fallthrough();
  bench->require_subcommand(1);
  auto add = [&](const char* name, const char* description) {
    CLI::App* command = bench->add_subcommand(name, description);
    command->fallthrough();
    command->add_option("--threads", options->threads, "Threads; 0 = all cores")->capture_default_str()->type_name("T");
    command->add_option("--seconds", options->seconds, "About how long to measure")
        ->capture_default_str()
        ->type_name("S");
    add_json_option(*command, context);
    command->callback([&context, options, name] {
      context.action = [&context, options, name] {
        options->what = name;
        options->json = context.json;
        options->shape = parse_shape(options->shape_name);
        if (options->threads < 0 || options->threads > 4096)
          throw ConfigError("--threads " + std::to_string(options->threads) + ": must be from 0 to 4096");
        if (!(options->seconds > 0 && options->seconds <= 3600))
          throw ConfigError("--seconds: must be greater than 0 and at most 3600");
        if (options->num_envs < 1 || options->num_envs > 65536)
          throw ConfigError("--n-envs " + std::to_string(options->num_envs) + ": must be from 1 to 65536");
        return run_bench(*options);
      };
    });
    return command;
  };
  auto add_shape = [&](CLI::App* command) {
    command
        ->add_option("--shape", options->shape_name,
                     "halfcheetah, humanoid, or O,A,H,B: observation, action, hidden width, batch")
        ->capture_default_str()
        ->type_name("SHAPE");
  };
  add_shape(add("update", "One SAC update: time, counted operations, share of the machine's peak"));
  add_shape(add("gemm", "The matrix products of an update, one by one"));
  CLI::App* env = add("env", "Environment steps per second under random actions");
  env->add_option("ENV", options->env_id, "Environment")->capture_default_str();
  env->add_option("--n-envs", options->num_envs, "Environments stepped together")
      ->capture_default_str()
      ->type_name("N");
  add_shape(add("replay", "Storing transitions and sampling batches"));
}

}  // namespace softac::app

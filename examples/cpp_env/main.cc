// Trains on an environment of one's own: derive from softac::Env (cart_pole.h), register it, run the trainer.
//
// usage: cpp_env [steps]
#include <cstdio>
#include <cstdlib>

#include "cart_pole.h"
#include "softac/env.h"
#include "softac/trainer.h"

int main(int argc, char** argv) {
  try {
    softac::register_env(CartPole::info(), CartPole::make);

    softac::TrainConfig config;
    config.env_id = "CartPole-v0";
    config.env_kwargs = {{"half_length", 0.5}};
    config.total_timesteps = argc > 1 ? std::atoll(argv[1]) : 5000;
    config.buffer_size = 10'000;
    config.sac.net_arch = {64, 64};
    config.sac.batch_size = 128;
    config.eval_freq = config.total_timesteps / 5;
    config.n_eval_episodes = 5;

    struct Printer : softac::TrainCallback {
      softac::TrainAnswer on_evaluation(const softac::TrainSummary& summary, const softac::EvalStats& eval) override {
        std::printf("step %6lld: mean return of %zu episodes %7.2f\n", static_cast<long long>(summary.step),
                    eval.returns.size(), eval.mean_return);
        return softac::TrainAnswer::proceed;
      }
    } printer;

    softac::TrainerOptions options;
    options.records = false;  // no run directory
    options.callback = &printer;
    softac::Trainer trainer(config, options);
    const softac::TrainReport report = trainer.run();
    std::printf("%s after %lld steps and %lld updates\n", std::string(softac::stop_reason_name(report.reason)).c_str(),
                static_cast<long long>(report.step), static_cast<long long>(report.num_updates));
    return report.reason == softac::StopReason::finished ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const softac::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}

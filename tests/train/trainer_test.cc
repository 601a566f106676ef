// The schedule of a run, its outcomes, and that nothing but the settings decides its result.
#include "softac/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "math/backend.h"
#include "softac/error.h"
#include "support/allocation_counter.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

TrainerOptions no_records() {
  TrainerOptions options;
  options.records = false;
  return options;
}

TrainReport run(const TrainConfig& config) {
  return Trainer(config, no_records()).run();
}

struct ScheduleCase {
  int n_envs, train_freq, gradient_steps;
  bool per_env_step;
  std::int64_t steps, learning_starts, update_after;
  std::int64_t expected_step, expected_updates;
};

class TrainerSchedule : public testing::TestWithParam<ScheduleCase> {};

TEST_P(TrainerSchedule, CountsAreExact) {
  const ScheduleCase& s = GetParam();
  TrainConfig config = point_config();
  config.n_envs = s.n_envs;
  config.train_freq = s.train_freq;
  config.gradient_steps = s.gradient_steps;
  config.gradient_steps_per_env_step = s.per_env_step;
  config.total_timesteps = s.steps;
  config.learning_starts = s.learning_starts;
  config.update_after = s.update_after;
  const TrainReport report = run(config);
  EXPECT_EQ(report.reason, StopReason::finished) << report.message;
  EXPECT_EQ(report.step, s.expected_step);
  EXPECT_EQ(report.num_updates, s.expected_updates);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, TrainerSchedule,
    testing::Values(ScheduleCase{1, 1, 1, true, 60, 20, -1, 60, 40},  // one update per step after learning_starts
                    ScheduleCase{1, 1, 1, true, 60, 0, -1, 60, 60},
                    ScheduleCase{1, 1, 1, true, 60, 20, 50, 60, 10},  // updates start later than the policy acts
                    ScheduleCase{1, 1, 3, true, 60, 20, -1, 60, 120},
                    ScheduleCase{1, 4, 1, true, 60, 20, -1, 60, 10},   // at steps 24, 28, …, 60
                    ScheduleCase{1, 4, -1, true, 60, 20, -1, 60, 40},  // as many as new steps
                    ScheduleCase{8, 1, 1, true, 64, 16, -1, 64, 48},   // a vector step of 8 is followed by 8
                    ScheduleCase{8, 1, -1, true, 64, 16, -1, 64, 48},
                    ScheduleCase{8, 1, 1, false, 64, 16, -1, 64, 6},  // Stable-Baselines3's habit
                    ScheduleCase{8, 2, 1, true, 60, 16, -1, 64,
                                 24},  // at steps 32, 48, 64; the last vector step is whole
                    ScheduleCase{8, 2, -1, true, 64, 16, -1, 64, 48}));

// A program built by -Ofast flushes denormals to zero, on every thread that it starts.
TEST(Trainer, TheModesOfTheProgramAroundChangeNothing) {
  TrainConfig config = point_config();
  config.total_timesteps = 100;
  config.threads = 2;
  const std::uint64_t expected = run(config).state_hash;
  std::fesetround(FE_UPWARD);
  const std::uint64_t found = run(config).state_hash;
  EXPECT_EQ(std::fegetround(), FE_UPWARD) << "its own again";
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(found, expected);
}

// An environment may change the directory of the process: where the run goes is settled before.
TEST(Trainer, PathsAreThoseOfItsConstruction) {
  TempDir dir;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::create_directory(dir / "other");
  std::filesystem::current_path(dir / "");
  TrainConfig config = point_config();
  config.total_timesteps = 60;
  TrainerOptions options;
  options.run_dir = "run";
  Trainer trainer(config, options);
  std::filesystem::current_path(dir / "other");
  const TrainReport report = trainer.run();
  std::filesystem::current_path(before);
  ASSERT_EQ(report.reason, StopReason::finished) << report.message;
  EXPECT_EQ(std::filesystem::path(report.run_dir), dir / "run");
  EXPECT_TRUE(std::filesystem::exists(report.checkpoint));
  EXPECT_TRUE(std::filesystem::is_empty(dir / "other"));
}

TEST(Trainer, UniformActionsOnlyBeforeLearningStarts) {
  TrainConfig config = point_config();
  config.total_timesteps = 20;  // all of them random: a policy that cannot act is never asked
  config.learning_starts = 20;
  Trainer random(config, no_records());
  for (TensorRef& tensor : random.agent().model_tensors()) {
    std::vector<float> nan(
        static_cast<std::size_t>(
            tensor.shape.empty() ? 1 : tensor.shape[0] * (tensor.shape.size() > 1 ? tensor.shape[1] : 1)),
        std::nanf(""));
    if (tensor.name.starts_with("actor")) tensor.write(nan);
  }
  EXPECT_EQ(random.run().reason, StopReason::finished);
}

std::uint64_t hash_of(const TrainConfig& config) {
  const TrainReport report = run(config);
  EXPECT_EQ(report.reason, StopReason::finished) << report.message;
  EXPECT_NE(report.state_hash, 0u);
  return report.state_hash;
}

TEST(TrainerDeterminism, ThreadsAndBackendsChangeNothing) {
  for (const char* env : {"TestPoint-v0", "Pendulum-v1", "InvertedPendulum-v5"}) {
    TrainConfig config = point_config();  // registers TestPoint-v0
    const auto known = registered_envs();
    if (std::ranges::none_of(known, [&](const EnvInfo& info) { return info.id == env; })) {
      EXPECT_STREQ(env, "InvertedPendulum-v5");
      std::cout << env << " is not part of this build (no MuJoCo)\n";
      continue;
    }
    config.env_id = env;
    if (config.env_id != "TestPoint-v0") config.env_kwargs.clear();
    config.n_envs = 3;
    config.sac.n_steps = 2;
    config.sac.net_arch = {40, 24};
    const std::uint64_t hash = hash_of(config);
    EXPECT_EQ(hash_of(config), hash) << "the same again";
    config.n_env_threads = 2;
    EXPECT_EQ(hash_of(config), hash) << "two threads for the environments";
    config.threads = 2;
    EXPECT_EQ(hash_of(config), hash) << "two threads in the update";
    config.backend = "reference";
    EXPECT_EQ(hash_of(config), hash) << "reference backend";
    config.backend = "portable";
    EXPECT_EQ(hash_of(config), hash) << "portable backend";
    config.seed = 1;
    EXPECT_NE(hash_of(config), hash) << "another seed";
  }
}

// A whole run, whose environment uses + − × alone: every machine, compiler and backend must end in this state. It
// changes only when the algorithm, the order of a sum, a generator or what belongs to the state changes, and then on
// purpose.
TEST(TrainerDeterminism, RunEndsInTheStateOfTheFirstMachine) {
  TrainConfig config = point_config();
  config.total_timesteps = 300;
  config.n_envs = 3;
  config.eval_freq = 100;
  config.sac.n_steps = 2;
  config.sac.net_arch = {64, 40};
  config.sac.batch_size = 32;
  for (const std::string& backend : available_backends()) {
    config.backend = backend;
    config.threads = backend == "avx2" ? 2 : 1;
    EXPECT_EQ(hash_of(config), 3802971196165427604u) << backend;
  }
}

TEST(TrainerDeterminism, EvaluationChangesNothing) {
  TrainConfig config = point_config();
  const std::uint64_t hash = hash_of(config);
  config.eval_freq = 7;
  config.n_eval_episodes = 12;
  EXPECT_EQ(hash_of(config), hash);
}

TEST(TrainerDeterminism, RecordsChangeNothing) {
  TrainConfig config = point_config();
  const std::uint64_t hash = hash_of(config);
  config.checkpoint_freq = 15;
  TempDir dir;
  TrainerOptions options;
  options.run_dir = dir / "run";
  EXPECT_EQ(Trainer(config, options).run().state_hash, hash);
}

TEST(TrainerDeterminism, StateHashSeesTheReplayAndTheNetworks) {
  TrainConfig config = point_config();
  Trainer a(config, no_records()), b(config, no_records());
  a.run();
  b.run();
  EXPECT_EQ(a.state_hash(), b.state_hash());
  TensorRef tensor = a.agent().model_tensors().front();
  std::int64_t count = 1;
  for (const std::int64_t n : tensor.shape) count *= n;
  std::vector<float> values(static_cast<std::size_t>(count));
  tensor.read(values);
  values.back() = std::nextafter(values.back(), 10.0f);
  tensor.write(values);
  EXPECT_NE(a.state_hash(), b.state_hash());
}

// Answers at a given step; counts calls.
class Answering : public TrainCallback {
 public:
  Answering(std::int64_t at, TrainAnswer answer) : at_(at), answer_(answer) {}
  void on_start(const TrainSummary&, const std::string&) override { ++num_starts; }
  TrainAnswer on_step(const TrainSummary& s) override {
    ++num_steps;
    last = s;
    return s.step == at_ ? answer_ : TrainAnswer::proceed;
  }
  void on_row(const TrainSummary& s, const std::vector<DiagnosticValue>& values) override {
    ++num_rows;
    const auto step = std::ranges::find(values, "time/total_timesteps", &DiagnosticValue::name);
    ASSERT_NE(step, values.end());
    EXPECT_EQ(step->value, static_cast<double>(s.step));
  }
  TrainAnswer on_log(const TrainSummary&) override { return ++num_logs, TrainAnswer::proceed; }
  TrainAnswer on_evaluation(const TrainSummary& s, const EvalStats& stats) override {
    EXPECT_EQ(s.last_eval, &stats);
    EXPECT_EQ(stats.step, s.step);
    return ++num_evals, TrainAnswer::proceed;
  }
  int num_starts = 0, num_steps = 0, num_logs = 0, num_evals = 0, num_rows = 0;
  TrainSummary last;

 private:
  std::int64_t at_;
  TrainAnswer answer_;
};

TEST(TrainerOutcomes, CallbacksAreCalledAndObeyed) {
  TrainConfig config = point_config();
  config.eval_freq = 25;
  for (const auto answer : {TrainAnswer::stop, TrainAnswer::abort}) {
    Answering callback(41, answer);
    TempDir dir;
    TrainerOptions options;
    options.run_dir = dir / "run";
    options.callback = &callback;
    const TrainReport report = Trainer(config, options).run();
    EXPECT_EQ(report.reason, answer == TrainAnswer::stop ? StopReason::stopped : StopReason::aborted);
    EXPECT_EQ(report.step, 41);
    EXPECT_EQ(callback.num_starts, 1);
    EXPECT_EQ(callback.num_steps, 41);
    EXPECT_EQ(callback.num_logs, 2);
    EXPECT_EQ(callback.num_rows, 2);
    EXPECT_EQ(callback.num_evals, 1);
    EXPECT_EQ(callback.last.num_updates, 20);
    EXPECT_EQ(callback.last.num_episodes, report.num_episodes);
    EXPECT_EQ(callback.last.ep_return_mean, report.ep_return_mean);
  }
}

TEST(TrainerOutcomes, StopSignalEndsTheRun) {
  std::atomic<int> flag{15};
  TrainerOptions options = no_records();
  options.stop_signal = &flag;
  const TrainReport report = Trainer(point_config(), options).run();
  EXPECT_EQ(report.reason, StopReason::interrupted);
  EXPECT_EQ(report.signal, 15);
  EXPECT_EQ(report.step, 0);
}

TEST(TrainerOutcomes, TimeLimitEndsTheRun) {
  TrainConfig config = point_config();
  config.total_timesteps = 100'000'000;
  config.max_time_sec = 0.2;
  const TrainReport report = run(config);
  EXPECT_EQ(report.reason, StopReason::time);
  EXPECT_GE(report.elapsed_sec, 0.2);
}

TEST(TrainerOutcomes, EnvironmentFaultsAreNamed) {
  for (const char* fault : {"nan_at", "throw_at"}) {
    TrainConfig config = point_config();
    config.env_kwargs[fault] = 33.0;
    const TrainReport report = run(config);
    EXPECT_EQ(report.reason, StopReason::env_error);
    EXPECT_EQ(report.step, 32) << "the faulty step is not counted";
    EXPECT_THAT(report.message, testing::StartsWith("TestPoint-v0 (environment 0, step 33): "));
    EXPECT_EQ(report.message.rfind("step "), report.message.find("step ")) << "one step number: " << report.message;
    EXPECT_EQ(report.state_hash, 0u);
  }
}

TEST(TrainerOutcomes, NumericsAreGuarded) {
  TrainConfig config = point_config();
  config.sac.learning_rate = 1e30;
  const TrainReport report = run(config);
  EXPECT_EQ(report.reason, StopReason::numerics);
  EXPECT_THAT(report.message, testing::AllOf(HasSubstr("step 2"), HasSubstr("not finite")));
}

TEST(TrainerOutcomes, APolicyThatIsNotFiniteIsNamed) {
  TrainConfig config = point_config();
  config.learning_starts = 0;
  Trainer trainer(config, no_records());
  for (TensorRef& tensor : trainer.agent().model_tensors()) {
    if (!tensor.name.starts_with("actor")) continue;
    std::int64_t count = 1;
    for (const std::int64_t n : tensor.shape) count *= n;
    tensor.write(std::vector<float>(static_cast<std::size_t>(count), std::nanf("")));
  }
  const TrainReport report = trainer.run();
  EXPECT_EQ(report.reason, StopReason::numerics);
  EXPECT_EQ(report.step, 0);
  EXPECT_THAT(report.message, HasSubstr("action"));
}

TEST(TrainerOutcomes, UnusableSettingsAreAllReported) {
  TrainConfig config = point_config();
  config.sac.gamma = 1.5;
  config.n_envs = 0;
  try {
    Trainer trainer(config, no_records());
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("gamma"), HasSubstr("n_envs")));
  }
}

TEST(TrainerOutcomes, NoiseOnDiscreteActionsIsRefused) {
  TrainConfig config = point_config();
  config.env_id = "CartPole-v1";
  config.env_kwargs.clear();
  config.action_noise_std = 0.1;
  try {
    Trainer trainer(config, no_records());
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("action_noise_std"), HasSubstr("CartPole-v1")));
  }
}

// The time left is not guessed at from the random steps, which cost next to nothing.
TEST(TrainerOutcomes, TheTimeLeftIsKnownOnceUpdatesHaveBegun) {
  struct Watch : TrainCallback {
    TrainAnswer on_step(const TrainSummary& s) override {
      if (s.step <= 20 || s.step > 30) {
        EXPECT_EQ(std::isfinite(s.left_sec), s.step > 30) << s.step;
      }
      return TrainAnswer::proceed;
    }
  } watch;
  TrainerOptions options = no_records();
  options.callback = &watch;
  TrainConfig config = point_config();
  config.total_timesteps = 40;
  PointEnv::on_step = [] { std::this_thread::sleep_for(std::chrono::milliseconds(25)); };
  EXPECT_EQ(Trainer(config, options).run().reason, StopReason::finished);
  PointEnv::on_step = nullptr;
}

// Rows and summaries speak of updates with an actor step where it is the actor that they speak of.
TEST(TrainerOutcomes, PolicyDelayDoesNotDiluteTheActorsNumbers) {
  struct Watch : TrainCallback {
    TrainAnswer on_log(const TrainSummary& s) override {
      if (s.num_updates > 10) entropies.push_back(s.update.entropy);
      return TrainAnswer::proceed;
    }
    std::vector<double> entropies;
  };
  const auto mean_entropy = [](int delay) {
    TempDir dir;
    TrainConfig config = point_config();
    config.total_timesteps = 301;
    config.sac.policy_delay = delay;
    config.sac.learning_rate = 1e-12;
    config.sac.batch_size = 64;
    config.log_interval_steps = 7;
    Watch watch;
    TrainerOptions options;
    options.run_dir = dir / "run";
    options.callback = &watch;
    EXPECT_EQ(Trainer(config, options).run().reason, StopReason::finished);
    EXPECT_THAT(watch.entropies, testing::Each(testing::Gt(0.1))) << delay;
    double sum = 0.0;
    int rows = 0;
    std::ifstream in(dir / "run" / "metrics.jsonl");
    for (std::string line; std::getline(in, line);) {
      const auto row = nlohmann::json::parse(line);
      if (!row.contains("train/entropy")) continue;
      sum += row["train/entropy"].get<double>();
      ++rows;
    }
    EXPECT_GT(rows, 15);
    return sum / rows;
  };
  const double every = mean_entropy(1);
  EXPECT_NEAR(mean_entropy(4), every, 0.1 * every);
  EXPECT_NEAR(mean_entropy(10), every, 0.1 * every) << "some rows without an actor step";
}

TEST(TrainerOutcomes, OptionsThatDoNotFitAreRefusedBeforeAnythingIsMade) {
  TrainerOptions options = no_records();
  options.resume = true;
  EXPECT_THROW(Trainer(point_config(), options), ConfigError);
  options.records = true;  // and no run_dir
  EXPECT_THROW(Trainer(point_config(), options), ConfigError);
  options.run_dir = "no such run";
  EXPECT_THROW(Trainer(point_config(), options), IoError);
  options = no_records();
  options.init_from = "no such run";
  EXPECT_THROW(Trainer(point_config(), options), IoError);
}

TEST(TrainerOutcomes, ARunIsMadeOnce) {
  Trainer trainer(point_config(), no_records());
  trainer.run();
  EXPECT_THROW(trainer.run(), ContractError);
}

TEST(EvaluateRun, SaysAllThatIsWrongWithItsOptions) {
  EvaluateOptions options;
  options.episodes = -3;
  options.threads = -1;
  options.backend = "avx3";
  options.model = {ModelChoice::Kind::step, -7};
  try {
    evaluate_run("no such run", options);
    FAIL();
  } catch (const ConfigError& error) {
    for (const char* part : {"episodes = -3: must be at least 1", "threads = -1", "backend = avx3", "model.step = -7"})
      EXPECT_THAT(error.what(), HasSubstr(part));
  }
  EXPECT_THROW(evaluate_run("no such run", {}), IoError);
  EXPECT_THROW(list_checkpoints("no such run", true), IoError);
}

TEST(TrainerOutcomes, TooLittleMemoryIsRefused) {
  TrainConfig config = point_config();
  TrainerOptions options = no_records();
  options.memory_limit_bytes = 1000;
  EXPECT_THROW(Trainer(config, options), MemoryError);
}

TEST(Trainer, PlainGaussianRuns) {
  TrainConfig config = point_config();
  config.sac.policy = PolicyKind::gaussian;
  EXPECT_EQ(run(config).reason, StopReason::finished);
}

// Counts allocations and episodes between two steps of the steady state; no row of metrics falls between them.
class AllocationWatch : public TrainCallback {
 public:
  TrainAnswer on_step(const TrainSummary& s) override {
    if (s.step >= 3000 && first_ < 0) first_ = num_allocations(), first_episode_ = s.num_episodes;
    if (s.step >= 5000 && last_ < 0) last_ = num_allocations(), last_episode_ = s.num_episodes;
    return TrainAnswer::proceed;
  }
  std::int64_t count() const { return last_ - first_; }
  std::int64_t episodes() const { return last_episode_ - first_episode_; }

 private:
  std::int64_t first_ = -1, last_ = -1, first_episode_ = 0, last_episode_ = 0;
};

TEST(Trainer, SteadyStateDoesNotAllocate) {
  for (const int n_envs : {1, 4}) {
    TrainConfig config = point_config();
    config.n_envs = n_envs;
    config.total_timesteps = 6000;
    config.train_freq = 4;
    config.gradient_steps = 1;
    config.log_interval_steps = 1'000'000;
    AllocationWatch watch;
    TrainerOptions options = no_records();
    options.callback = &watch;
    EXPECT_EQ(Trainer(config, options).run().reason, StopReason::finished);
    EXPECT_EQ(watch.count(), 0) << n_envs;

    AllocationWatch recorded;
    TempDir dir;
    options.records = true;
    options.run_dir = dir / ("run" + std::to_string(n_envs));
    options.callback = &recorded;
    EXPECT_EQ(Trainer(config, options).run().reason, StopReason::finished);
    EXPECT_GT(recorded.episodes(), 100);
    EXPECT_LE(recorded.count(), 2 * recorded.episodes() + 10) << "only lines of monitor.csv, " << n_envs;
  }
}

}  // namespace
}  // namespace softac::test

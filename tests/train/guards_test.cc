// What is not finite is caught at once, goes nowhere, and the run ends or goes back to its last checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "run/checkpoint.h"
#include "softac/trainer.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

// Damages a tensor of the learner once, after step `at`; afterwards stops the run at step `stop_at`.
class Poison : public TrainCallback {
 public:
  Poison(std::string tensor, std::int64_t at, std::int64_t stop_at = -1)
      : tensor_(std::move(tensor)), at_(at), stop_at_(stop_at) {}
  TrainAnswer on_step(const TrainSummary& summary) override {
    if (summary.step >= at_ && !done_) {
      done_ = true;
      if (then) then();
      for (const TensorRef& tensor : trainer->agent().model_tensors()) {
        if (!tensor.name.starts_with(tensor_)) continue;
        std::vector<float> values(static_cast<std::size_t>(num_elements(tensor.shape)),
                                  std::numeric_limits<float>::quiet_NaN());
        tensor.write(values);
      }
    }
    return done_ && summary.step == stop_at_ ? TrainAnswer::stop : TrainAnswer::proceed;
  }
  void on_message(std::string_view text) override { messages += std::string(text) + "\n"; }
  Trainer* trainer = nullptr;
  std::string messages;
  std::function<void()> then;

 private:
  std::string tensor_;
  std::int64_t at_, stop_at_;
  bool done_ = false;
};

TrainConfig config_with(int max_rollbacks) {
  TrainConfig config = point_config();
  config.checkpoint_freq = 10;
  config.log_interval_steps = 5;
  config.max_rollbacks = max_rollbacks;
  return config;
}

TrainReport run(const TrainConfig& config, const Path& dir, Poison& poison, bool resume = false) {
  TrainerOptions options;
  options.run_dir = dir;
  options.resume = resume;
  options.callback = &poison;
  Trainer trainer(config, options);
  poison.trainer = &trainer;
  return trainer.run();
}

TEST(Guards, EveryTensorIsWatched) {
  for (const char* tensor : {"actor", "critic", "target", "log_ent_coef"}) {
    TempDir dir;
    Poison poison(tensor, 33);
    const TrainReport report = run(config_with(0), dir / "run", poison);
    EXPECT_EQ(report.reason, StopReason::numerics) << tensor;
    EXPECT_LE(report.step, 34) << tensor << ": within one update";
    EXPECT_THAT(report.checkpoint, HasSubstr("step-000000030"));
    EXPECT_TRUE(std::filesystem::exists(dir / "run" / "crash"));
    for (const CheckpointInfo& info : list_checkpoints(report.run_dir, true)) {
      const TensorFile file = read_safetensors(posix_file_system(), Path(info.path) / "model.safetensors");
      for (const auto& [name, values] : file.tensors) {
        for (const float value : values.values<float>()) EXPECT_TRUE(std::isfinite(value)) << name;
      }
    }
  }
}

TEST(Guards, ARunGoesBackAndOn) {
  TempDir dir;
  Poison poison("critic", 33), again("critic", 33), none("none", 0);
  const TrainReport report = run(config_with(2), dir / "run", poison);
  ASSERT_EQ(report.reason, StopReason::finished) << report.message;
  EXPECT_EQ(report.step, 60);
  EXPECT_THAT(poison.messages,
              testing::AllOf(HasSubstr("rollback 1 of 2 to step-000000030"), HasSubstr("crash/step-")));
  EXPECT_EQ(run(config_with(2), dir / "again", again).state_hash, report.state_hash);
  EXPECT_NE(run(config_with(2), dir / "none", none).state_hash, report.state_hash) << "other random numbers";

  // Rows are those of the way that counts.
  std::vector<std::int64_t> steps;
  std::ifstream in(dir / "run" / "metrics.jsonl");
  for (std::string line; std::getline(in, line);) steps.push_back(std::stoll(line.substr(line.find(':') + 1)));
  EXPECT_EQ(steps, (std::vector<std::int64_t>{5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60}));
}

std::string bytes_of(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What the way that was left had found best is not the run's best, neither on disk nor among its evaluations.
TEST(Guards, TheBestModelGoesBackAsWell) {
  TempDir dir;
  TrainConfig config = config_with(1);
  for (const bool before : {false, true}) {  // whether there was an evaluation before the checkpoint of step 30
    config.eval_freq = before ? 16 : 32;
    const Path whole = dir / ("whole" + std::to_string(before)), back = dir / ("back" + std::to_string(before));
    Poison none("none", 0, 31), poison("critic", 33, 31);
    EXPECT_EQ(run(config, whole, none).step, 31);
    poison.then = [&] { std::ofstream(back / "best" / "model.safetensors") << "of another way"; };
    ASSERT_EQ(run(config, back, poison).step, 31);
    EXPECT_THAT(poison.messages, HasSubstr("rollback 1 of 1 to step-000000030"));
    for (const char* name : {"best/model.safetensors", "best/manifest.json", "eval/evaluations.csv"}) {
      EXPECT_EQ(std::filesystem::exists(back / name), before) << name;
      EXPECT_TRUE(bytes_of(back / name) == bytes_of(whole / name)) << name;
    }
    // So does a run whose process ended before.
    std::ofstream(back / "best" / "model.safetensors") << "of another way";
    Poison rest("none", 0);
    config.total_timesteps = 31;
    run(config, back, rest, true);
    config.total_timesteps = 60;
    EXPECT_TRUE(bytes_of(back / "best" / "model.safetensors") == bytes_of(whole / "best" / "model.safetensors"));
  }
}

TEST(Guards, TheNumberOfRollbacksIsKept) {
  TempDir dir;
  Poison whole("critic", 33), stopped("critic", 33, 47), rest("none", 0);
  const std::uint64_t hash = run(config_with(1), dir / "whole", whole).state_hash;
  EXPECT_EQ(run(config_with(1), dir / "part", stopped).step, 47);
  EXPECT_EQ(run(config_with(1), dir / "part", rest, true).state_hash, hash);
  Poison second("critic", 55);
  TrainConfig longer = config_with(1);
  longer.total_timesteps = 80;
  const TrainReport report = run(longer, dir / "part", second, true);
  EXPECT_EQ(report.reason, StopReason::numerics) << "one rollback was allowed, and it is used";
}

TEST(Guards, TemperatureIsHeldWithinItsBounds) {
  TempDir dir;
  for (const bool high : {false, true}) {
    TrainConfig config = config_with(0);
    (high ? config.sac.ent_coef_max : config.sac.ent_coef_min) = high ? 0.5 : 2.0;
    config.sac.ent_coef = 1.0;
    Poison none("none", 0);
    TrainerOptions options;
    options.records = false;
    options.callback = &none;
    Trainer trainer(config, options);
    none.trainer = &trainer;
    EXPECT_EQ(trainer.run().reason, StopReason::finished);
    EXPECT_NEAR(trainer.agent().ent_coef(), high ? 0.5 : 2.0, 0.02);
    EXPECT_THAT(none.messages, HasSubstr(high ? "explodes" : "collapses"));
  }
}

}  // namespace
}  // namespace softac::test

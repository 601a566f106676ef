// A fork begins at another run's checkpoint, with other settings, and is then a run of its own.
#include "run/fork.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "formats/evaluations.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StopAfter : public TrainCallback {
 public:
  explicit StopAfter(std::int64_t step) : step_(step) {}
  TrainAnswer on_step(const TrainSummary& summary) override {
    return summary.step >= step_ ? TrainAnswer::stop : TrainAnswer::proceed;
  }

 private:
  std::int64_t step_;
};

constexpr std::int64_t kEnd = std::int64_t{1} << 62;

TrainReport train(const TrainConfig& config, TrainerOptions options, std::int64_t stop_after = kEnd) {
  StopAfter callback(stop_after);
  options.callback = &callback;
  const TrainReport report = Trainer(config, std::move(options)).run();
  EXPECT_EQ(report.reason, stop_after == kEnd ? StopReason::finished : StopReason::stopped) << report.message;
  return report;
}

TrainReport fork(const TrainConfig& config, const Path& parent, const Path& dir, std::int64_t stop_after = kEnd) {
  TrainerOptions options;
  options.run_dir = dir;
  options.fork_from = parent;
  return train(config, options, stop_after);
}

TrainReport start(const TrainConfig& config, const Path& dir, std::int64_t stop_after = kEnd) {
  TrainerOptions options;
  options.run_dir = dir;
  return train(config, options, stop_after);
}

TrainReport resume(const TrainConfig& config, const Path& dir) {
  TrainerOptions options;
  options.run_dir = dir;
  options.resume = true;
  return train(config, options);
}

TrainConfig fork_config() {
  TrainConfig config = point_config();
  config.total_timesteps = 240;
  config.n_envs = 2;
  config.buffer_size = 120;  // records leave it
  config.eval_freq = 50;
  config.checkpoint_freq = 60;
  return config;
}

std::map<std::string, std::string> contents_of(const Path& dir) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file())
      out[entry.path().string()] = posix_file_system().read_text(entry.path(), std::uint64_t{1} << 30);
  }
  return out;
}

TEST(Fork, WithoutChangesIsTheParentAndLeavesItAsItIs) {
  TempDir dir;
  const TrainConfig config = fork_config();
  const TrainReport whole = start(config, dir / "whole");
  start(config, dir / "parent", 150);
  const auto before = contents_of(dir / "parent");
  EXPECT_EQ(fork(config, dir / "parent", dir / "child").state_hash, whole.state_hash);
  EXPECT_EQ(contents_of(dir / "parent"), before);
  // Its records begin with it.
  const Evaluations evaluations = read_evaluations_npz(posix_file_system(), dir / "child" / "eval" / "evaluations.npz");
  EXPECT_EQ(evaluations.timesteps, (std::vector<std::int64_t>{200}));
  std::ifstream progress(dir / "child" / "progress.csv");
  std::string line;
  std::getline(progress, line);
  std::getline(progress, line);
  EXPECT_THAT(line, HasSubstr(",160,"));
}

TEST(Fork, WithOtherSettingsIsExactAndResumesExactly) {
  TempDir dir;
  TrainConfig config = fork_config();
  const TrainReport whole = start(config, dir / "whole");
  start(config, dir / "parent", 150);
  TrainConfig other = config;
  other.sac.learning_rate = 1e-4;
  other.sac.learning_rate_schedule = LearningRateSchedule::linear;
  other.sac.gamma = 0.9;
  other.sac.reward_scale = 3.0;
  other.sac.n_steps = 3;
  other.sac.batch_size = 5;
  other.sac.target_entropy_rule = TargetEntropyRule::number;
  other.sac.target_entropy = -1.0;
  other.sac.ent_coef = 0.25;  // learned from 0.25
  other.buffer_size = 400;
  other.env_kwargs["limit"] = 3.0;
  const std::uint64_t one = fork(other, dir / "parent", dir / "one").state_hash;
  EXPECT_NE(one, whole.state_hash);
  EXPECT_EQ(fork(other, dir / "parent", dir / "two").state_hash, one);
  fork(other, dir / "parent", dir / "stopped", 200);
  std::filesystem::remove_all(dir / "parent");  // which a fork does not need once it has begun
  EXPECT_EQ(resume(other, dir / "stopped").state_hash, one);
  try {
    resume(config, dir / "stopped");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gamma = 0.99, the run has 0.9"));
  }
}

TEST(Fork, ANewTemperatureTakesTheOldOnesPlace) {
  TempDir dir;
  TrainConfig config = fork_config();
  start(config, dir / "parent", 150);
  const auto alpha = [&](const char* name) {
    TrainerOptions options;
    options.run_dir = dir / name;
    options.fork_from = dir / "parent";
    Trainer trainer(config, options);
    return trainer.agent().ent_coef();
  };
  EXPECT_NE(alpha("same"), 1.0);
  config.sac.ent_coef = 0.5;
  EXPECT_NEAR(alpha("learned"), 0.5, 1e-6);
  config.sac.ent_coef_auto = false;
  config.sac.ent_coef = 0.125;
  EXPECT_EQ(alpha("fixed"), 0.125);
}

TEST(Fork, NamesItsParentAndWhatChanged) {
  TempDir dir;
  TrainConfig config = fork_config();
  start(config, dir / "parent", 150);
  TrainerOptions options;
  options.run_dir = dir / "child";
  options.fork_from = dir / "parent";
  options.fork_step = 120;
  config.sac.tau = 0.01;
  train(config, options);
  const auto parent = read_fork_parent(posix_file_system(), dir / "child");
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->run_dir, (dir / "parent").string());
  EXPECT_EQ(parent->checkpoint, "step-000000120");
  EXPECT_EQ(parent->step, 120);
  EXPECT_EQ(parent->state_hash,
            choose_checkpoint(posix_file_system(), dir / "parent" / "checkpoints", {ModelChoice::Kind::step, 120}, "")
                .state_hash);
  const std::string provenance = posix_file_system().read_text(dir / "child" / "provenance.json", 1 << 20);
  EXPECT_THAT(provenance, AllOf(HasSubstr("\"setting\": \"tau\""), HasSubstr("\"from\": \"0.005\""),
                                HasSubstr("\"to\": \"0.01\"")));
  EXPECT_FALSE(read_fork_parent(posix_file_system(), dir / "parent"));
  options.run_dir = dir / "grandchild";
  options.fork_from = dir / "child";
  options.fork_step.reset();
  config.total_timesteps = 260;
  EXPECT_EQ(train(config, options).step, 260);
}

TEST(Fork, WhatMakesTheStateUnusableIsRefusedByName) {
  TempDir dir;
  const TrainConfig config = fork_config();
  start(config, dir / "parent", 150);
  const auto error_of = [&](auto&& change, const char* name) {
    TrainConfig other = config;
    change(other);
    TrainerOptions options;
    options.run_dir = dir / name;
    options.fork_from = dir / "parent";
    try {
      Trainer trainer(other, options);
    } catch (const ConfigError& error) {
      EXPECT_FALSE(posix_file_system().exists(dir / name)) << "nothing is left of it";
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(error_of([](TrainConfig& c) { c.sac.net_arch = {16}; }, "a"),
              HasSubstr("net_arch = [16], the run has [16, 16]"));
  EXPECT_THAT(error_of([](TrainConfig& c) { c.sac.n_critics = 3; }, "b"), HasSubstr("n_critics = 3, the run has 2"));
  EXPECT_THAT(error_of([](TrainConfig& c) { c.n_envs = 4; }, "c"), HasSubstr("n_envs = 4, the run has 2"));
  EXPECT_THAT(error_of([](TrainConfig& c) { c.env_id = "Pendulum-v1", c.env_kwargs.clear(); }, "d"),
              HasSubstr("env_id = \"Pendulum-v1\""));
  EXPECT_THAT(error_of([](TrainConfig& c) { c.buffer_size = 40; }, "e"), HasSubstr("changed (buffer_size)"));
  EXPECT_THAT(error_of([](TrainConfig& c) { c.total_timesteps = 150; }, "f"),
              AllOf(HasSubstr("total_timesteps = 150"), HasSubstr("at step 150 already")));
  TrainerOptions options;
  options.run_dir = dir / "g";
  options.fork_from = dir / "absent";
  EXPECT_THROW(Trainer(config, options), IoError);
  options.fork_from = dir / "parent";
  options.init_from = dir / "parent";
  EXPECT_THROW(Trainer(config, options), ConfigError);
  options.init_from.clear();
  options.records = false;
  EXPECT_THROW(Trainer(config, options), ConfigError);
}

TEST(Fork, OfARunWithoutReplayWaitsForTransitions) {
  TempDir dir;
  TrainConfig config = fork_config();
  config.checkpoint_replay = false;
  start(config, dir / "parent", 100);
  config.checkpoint_replay = true;
  const TrainReport report = fork(config, dir / "parent", dir / "child");
  EXPECT_EQ(report.num_updates, (100 - 20) + (240 - 120));
  EXPECT_EQ(resume(config, dir / "child").state_hash, report.state_hash);

  // And the other way round: the fork takes the replay over, its checkpoints hold none.
  TrainConfig with = fork_config();
  const TrainReport whole = start(with, dir / "whole");
  start(with, dir / "full", 150);
  with.checkpoint_replay = false;
  EXPECT_EQ(fork(with, dir / "full", dir / "bare").state_hash, whole.state_hash);
  EXPECT_TRUE(posix_file_system().list(dir / "bare" / "replay").empty());
}

}  // namespace
}  // namespace softac::test

// What is read from a run's directory is what the run was.
#include "run/run_history.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

#include "base/posix_file_system.h"
#include "formats/evaluations.h"
#include "run/run_dir.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

FileSystem& disk() {
  return posix_file_system();
}

TrainConfig history_config() {
  TrainConfig config = point_config();
  config.total_timesteps = 100;
  config.eval_freq = 30;
  config.checkpoint_freq = 25;
  config.seed = 5;
  return config;
}

std::string train(const fs::path& dir, const TrainConfig& config = history_config()) {
  TrainerOptions options;
  options.run_dir = dir;
  options.origins["seed"] = "--seed";
  return Trainer(config, options).run().run_dir;
}

void put(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
std::string get(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class Read>
std::string io_message(Read read) {
  try {
    read();
  } catch (const IoError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(RunHistory, IsWhatTheRunWas) {
  TempDir dir;
  const Path run = train(dir / "run");
  const RunHistory history = read_run_history(disk(), run);
  const RunOverview& overview = history.overview;
  EXPECT_EQ(overview.env_id, "TestPoint-v0");
  EXPECT_EQ(overview.seed, 5u);
  EXPECT_EQ(overview.state, RunCondition::finished);
  EXPECT_EQ(overview.reason, "finished");
  EXPECT_EQ(overview.step, 100);
  EXPECT_EQ(overview.total_steps, 100);
  EXPECT_NEAR(overview.updated_sec, wall_time(), 100.0);
  EXPECT_NEAR(overview.started_sec, wall_time(), 100.0);
  EXPECT_EQ(overview.num_evaluations, 3);

  ASSERT_NE(history.find("rollout/ep_rew_mean"), nullptr);
  EXPECT_THAT(history.find("rollout/ep_rew_mean")->steps, ElementsAre(20, 40, 60, 80, 100));
  const RunSeries& losses = *history.find("train/critic_loss");
  EXPECT_THAT(losses.steps, ElementsAre(40, 60, 80, 100));
  ASSERT_EQ(losses.values.size(), 4u);
  ASSERT_EQ(losses.seconds.size(), 4u);
  EXPECT_GT(losses.values[0], 0.0);
  for (std::size_t i = 1; i < losses.seconds.size(); ++i) EXPECT_GE(losses.seconds[i], losses.seconds[i - 1]);
  EXPECT_EQ(history.find("train/no_such"), nullptr);

  ASSERT_EQ(history.evaluations.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const RunEvaluation& evaluation = history.evaluations[i];
    EXPECT_EQ(evaluation.timestep, static_cast<std::int64_t>(30 * (i + 1)));
    ASSERT_EQ(evaluation.returns.size(), 3u);
    EXPECT_EQ(evaluation.lengths.size(), 3u);
    EXPECT_DOUBLE_EQ(evaluation.mean_return,
                     (evaluation.returns[0] + evaluation.returns[1] + evaluation.returns[2]) / 3.0);
    EXPECT_GT(evaluation.seconds, 0.0);
    EXPECT_LT(evaluation.seconds, 60.0);
  }
  EXPECT_EQ(overview.last_evaluation->timestep, 90);
  const auto best = *std::ranges::max_element(history.evaluations, {}, &RunEvaluation::mean_return);
  EXPECT_EQ(overview.best_evaluation->timestep, best.timestep);

  ASSERT_GE(history.episodes.size(), 7u);
  EXPECT_EQ(history.episodes[0].end_step, history.episodes[0].length);
  EXPECT_LE(history.episodes.back().end_step, 100);
  const auto seed = std::ranges::find(history.settings, "seed", &RunSetting::name);
  ASSERT_NE(seed, history.settings.end());
  EXPECT_EQ(seed->value, "5");
  EXPECT_EQ(seed->origin, "--seed");
  EXPECT_NE(std::ranges::find(history.settings, "env_kwargs.limit", &RunSetting::name), history.settings.end());
  EXPECT_TRUE(history.provenance.contains("commit"));
}

// A run that has just begun: config.toml, and nothing else yet.
TEST(RunHistory, FilesThatAreNotThereYetAreEmpty) {
  TempDir dir;
  const Path run = train(dir / "run"), begun = dir / "begun";
  fs::create_directories(begun);
  fs::copy_file(run / "config.toml", begun / "config.toml");
  const RunHistory history = read_run_history(disk(), begun);
  EXPECT_TRUE(history.series.empty());
  EXPECT_TRUE(history.evaluations.empty());
  EXPECT_TRUE(history.episodes.empty());
  EXPECT_TRUE(history.provenance.is_null());
  EXPECT_EQ(history.overview.env_id, "TestPoint-v0");
  EXPECT_EQ(history.overview.step, 0);
  EXPECT_EQ(history.overview.total_steps, 100);
  EXPECT_EQ(history.overview.state, RunCondition::died);
  EXPECT_TRUE(std::isnan(history.overview.started_sec));
  EXPECT_FALSE(history.overview.last_evaluation.has_value());
  EXPECT_FALSE(fs::exists(begun / ".lock"));
  const auto lock = disk().lock(begun / ".lock");
  EXPECT_EQ(read_run_overview(disk(), begun).state, RunCondition::running);
}

// status.json says running for as long as nobody writes it: whether somebody will, the lock tells.
TEST(RunHistory, ARunWhoseProcessIsGoneHasDied) {
  TempDir dir;
  const Path run = train(dir / "run");
  const RunHistory finished = read_run_history(disk(), run);
  std::string status = get(run / "status.json");
  status.replace(status.find("\"finished\""), 10, "\"running\"");
  status.replace(status.find("100"), 3, "50");
  put(run / "status.json", status);
  put(run / "metrics.jsonl", get(run / "metrics.jsonl") + "{\"step\": 120, \"wal");
  {
    const auto lock = disk().lock(run / ".lock");
    EXPECT_EQ(read_run_overview(disk(), run).state, RunCondition::running);
  }
  const RunOverview died = read_run_overview(disk(), run);
  EXPECT_EQ(died.state, RunCondition::died);
  EXPECT_EQ(condition_name(died.state), "died");
  EXPECT_EQ(died.step, 100);  // of the last whole row of metrics
  EXPECT_EQ(read_run_history(disk(), run).series.size(), finished.series.size());
}

// Rows in a process before and after a rest of a day: time is time of training.
TEST(RunHistory, SecondsAreOfTrainingInAllProcesses) {
  TempDir dir;
  const Path run = train(dir / "run");
  const auto row = [](int step, double wall, const std::string& rest) {
    return "{\"step\": " + std::to_string(step) + ", \"wall_time\": " + std::to_string(wall) + ", " + rest + "}\n";
  };
  const std::string eval = "\"eval/mean_reward\": 1.0";
  put(run / "metrics.jsonl", row(5, 1005, eval) + row(10, 1010, "\"time/time_elapsed\": 10.0") + row(15, 1016, eval) +
                                 row(30, 87016, eval) + row(40, 87018, "\"time/time_elapsed\": 25.0") +
                                 row(60, 87020, eval));
  const RunHistory history = read_run_history(disk(), run);
  EXPECT_THAT(history.find("eval/mean_reward")->seconds, ElementsAre(5.0, 16.0, 23.0, 27.0));
  ASSERT_EQ(history.evaluations.size(), 3u);
  EXPECT_EQ(history.evaluations[0].seconds, 23.0);
  EXPECT_EQ(history.evaluations[1].seconds, 27.0);
  EXPECT_TRUE(std::isnan(history.evaluations[2].seconds));  // no row with its step
}

TEST(RunHistory, ReadsWhatIsLeft) {
  TempDir dir;
  const Path run = train(dir / "run");
  const RunHistory whole = read_run_history(disk(), run);
  fs::remove(run / "metrics.jsonl");
  fs::remove(run / "eval/evaluations.npz");
  fs::remove(run / "monitor.csv");
  const RunHistory left = read_run_history(disk(), run);
  ASSERT_NE(left.find("train/entropy"), nullptr);
  EXPECT_EQ(left.find("train/entropy")->steps, whole.find("train/entropy")->steps);
  EXPECT_EQ(left.find("train/entropy")->values, whole.find("train/entropy")->values);
  ASSERT_EQ(left.evaluations.size(), whole.evaluations.size());
  for (std::size_t i = 0; i < left.evaluations.size(); ++i) {
    EXPECT_EQ(static_cast<const EvaluationLine&>(left.evaluations[i]), whole.evaluations[i]);
    EXPECT_TRUE(left.evaluations[i].returns.empty());
  }
}

TEST(RunHistory, SaysWhatIsNoRun) {
  TempDir dir;
  EXPECT_THAT(io_message([&] { read_run_history(disk(), dir / "nothing"); }), HasSubstr("no such run directory"));
  fs::create_directories(dir / "folder");
  EXPECT_THAT(io_message([&] { read_run_history(disk(), dir / "folder"); }), HasSubstr("not a run directory"));
  put(dir / "file", "text");
  EXPECT_THAT(io_message([&] { read_run_overview(disk(), dir / "file"); }), HasSubstr("not a run directory"));
}

// Every file in turn holds garbage, or is empty.
TEST(RunHistory, NamesTheFileThatIsGarbage) {
  TempDir dir;
  const Path run = train(dir / "run");
  for (const std::string name : {"config.toml", "status.json", "metrics.jsonl", "monitor.csv", "provenance.json",
                                 "eval/evaluations.npz", "eval/evaluations.csv"}) {
    const std::string before = get(run / name);
    put(run / name, std::string("\x7f\x45LF\0\xff garbage\n", 15) + "more\n");
    EXPECT_THAT(io_message([&] { read_run_history(disk(), run); }), HasSubstr((run / name).string())) << name;
    put(run / name, before);
  }
  for (const std::string name : {"config.toml", "status.json", "provenance.json"}) {
    const std::string before = get(run / name);
    put(run / name, "");
    EXPECT_THAT(io_message([&] { read_run_history(disk(), run); }), HasSubstr((run / name).string())) << name;
    put(run / name, before);
  }
  const std::string status = get(run / "status.json");
  put(run / "status.json", "{\"state\": \"dancing\"}");
  EXPECT_THAT(io_message([&] { read_run_overview(disk(), run); }), HasSubstr("found \"dancing\""));
  put(run / "status.json", "[]");
  EXPECT_THAT(io_message([&] { read_run_overview(disk(), run); }), HasSubstr("expected an object"));
  put(run / "status.json", status);
  EXPECT_EQ(read_run_history(disk(), run).overview.state, RunCondition::finished);
}

// Whoever only looks has the lock for a moment, and the run that resumes waits for it.
TEST(RunLock, WaitsForALook) {
  TempDir dir;
  std::ofstream(dir / ".lock");
  const int look = open((dir / ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(look, LOCK_SH | LOCK_NB), 0);
  EXPECT_FALSE(is_locked(dir / ".lock")) << "two looks are not in each other's way";
  EXPECT_THROW(disk().lock(dir / ".lock"), LockHeldError);
  EXPECT_THROW(lock_run(disk(), dir / ""), LockHeldError) << "it waits for a moment, not for ever";
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
    close(look);
  });
  EXPECT_NO_THROW(lock_run(disk(), dir / ""));
  ends.join();
}

TEST(RunHistory, AResumedRunIsOneHistory) {
  TempDir dir;
  TrainerOptions options;
  options.run_dir = dir / "run";
  TrainConfig config = history_config();
  train(dir / "whole", config);
  std::atomic<int> signal{0};
  options.stop_signal = &signal;
  PointEnv::on_step = [&, n = 0]() mutable {
    if (++n == 55) signal = 15;
  };
  const TrainReport first = Trainer(config, options).run();
  PointEnv::on_step = nullptr;
  ASSERT_EQ(first.reason, StopReason::interrupted) << first.message;
  EXPECT_EQ(read_run_overview(disk(), dir / "run").state, RunCondition::stopped);
  signal = 0;
  options.resume = true;
  ASSERT_EQ(Trainer(config, options).run().reason, StopReason::finished);
  const RunHistory resumed = read_run_history(disk(), dir / "run"), whole = read_run_history(disk(), dir / "whole");
  for (const char* name : {"train/critic_loss", "rollout/ep_rew_mean", "eval/mean_reward"}) {
    EXPECT_EQ(resumed.find(name)->steps, whole.find(name)->steps) << name;
    EXPECT_EQ(resumed.find(name)->values, whole.find(name)->values) << name;
  }
  EXPECT_EQ(resumed.episodes.size(), whole.episodes.size());
}

}  // namespace
}  // namespace softac::test

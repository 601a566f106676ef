// A run on a file system that loses its power, is killed, or fails, at any operation: what was complete stays, and the
// resumed run ends in the state that it would have reached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "run/checkpoint.h"
#include "run/resume.h"
#include "softac/trainer.h"
#include "support/fault_file_system.h"
#include "support/point_env.h"
#include "support/power_loss_file_system.h"

namespace softac::test {
namespace {

const Path kRun = "/run";

// Hears of complete checkpoints: from then on nothing may take them away.
class Acknowledged : public TrainCallback {
 public:
  void on_checkpoint(const TrainSummary&, const std::string& path) override { newest = path; }
  std::string newest;
};

TrainConfig small_config() {
  TrainConfig config = point_config();
  config.total_timesteps = 40;
  config.learning_starts = 10;
  config.buffer_size = 25;  // old records leave it
  config.checkpoint_freq = 9;
  config.eval_freq = 15;
  config.tensorboard = false;
  config.n_eval_episodes = 1;
  config.log_interval_steps = 20;
  config.sac.net_arch = {4};
  config.sac.batch_size = 4;
  return config;
}

// Runs, or resumes where there is a run; the report of a run that does not end well has another reason than finished.
TrainReport run(FileSystem& fs, Acknowledged& heard) {
  TrainerOptions options;
  options.run_dir = kRun;
  options.file_system = &fs;
  options.resume = is_run(fs, kRun);
  options.callback = &heard;
  options.memory_limit_bytes = 1 << 30;
  try {
    return Trainer(small_config(), options).run();
  } catch (const Error& error) {  // before training began
    TrainReport report;
    report.reason = StopReason::io;
    report.message = error.what();
    return report;
  }
}

std::uint64_t whole_hash() {
  static const std::uint64_t hash = [] {
    PowerLossFileSystem fs;
    Acknowledged heard;
    return run(fs, heard).state_hash;
  }();
  return hash;
}

std::int64_t num_operations_of_a_run() {
  static const std::int64_t count = [] {
    PowerLossFileSystem fs;
    Acknowledged heard;
    EXPECT_EQ(run(fs, heard).reason, StopReason::finished);
    return fs.num_operations();
  }();
  return count;
}

// Whatever was acknowledged is there and intact, or something newer is.
void expect_kept(FileSystem& fs, const std::string& acknowledged, const std::string& where) {
  if (acknowledged.empty()) return;
  const ResumeChoice choice = choose_checkpoint_to_resume(fs, kRun / "checkpoints");
  ASSERT_TRUE(choice.found) << where;
  EXPECT_TRUE(choice.skipped.empty()) << where << ": " << choice.skipped[0];
  EXPECT_GE(choice.found->name, Path(acknowledged).filename().string()) << where;
}

void expect_ends_well(FileSystem& fs, const std::string& where) {
  Acknowledged heard;
  const TrainReport report = run(fs, heard);
  ASSERT_EQ(report.reason, StopReason::finished) << where << ": " << report.message;
  ASSERT_EQ(report.state_hash, whole_hash()) << where;
  for (const CheckpointInfo& info : find_checkpoints(fs, kRun / "checkpoints", "*"))
    EXPECT_TRUE(info.complete) << where << ": " << info.error;
}

// SOFTAC_POWER_LOSS_IMAGES sets how many, for campaigns.
int num_images(int otherwise) {
  const char* text = std::getenv("SOFTAC_POWER_LOSS_IMAGES");
  return text != nullptr ? std::atoi(text) : otherwise;
}

TEST(PowerLoss, LeavesTheOldOrTheNew) {
  const int images = num_images(500);
  for (int image = 0; image < images; ++image) {
    std::mt19937 random(static_cast<unsigned>(image));
    auto fs = std::make_unique<PowerLossFileSystem>();
    std::string acknowledged;
    // One image in three is of a run that had lost its power before.
    for (int loss = 0; loss < (image % 3 == 0 ? 2 : 1); ++loss) {
      fs->lose_power_at(static_cast<std::int64_t>(random() % static_cast<unsigned>(num_operations_of_a_run())));
      Acknowledged heard;
      run(*fs, heard);
      if (!heard.newest.empty()) acknowledged = heard.newest;
      fs = fs->after_power_loss(random, random() % 2 == 0 ? 512 : 4096);
      expect_kept(*fs, acknowledged, "image " + std::to_string(image));
    }
    expect_ends_well(*fs, "image " + std::to_string(image));
    if (HasFatalFailure()) return;
  }
}

TEST(Kill, AtEveryOperationOfARun) {
  for (std::int64_t at = 0; at < num_operations_of_a_run(); ++at) {
    PowerLossFileSystem fs;
    fs.lose_power_at(at);
    Acknowledged heard;
    run(fs, heard);
    const auto left = fs.after_kill();
    expect_kept(*left, heard.newest, "operation " + std::to_string(at));
    expect_ends_well(*left, "operation " + std::to_string(at));
    if (HasFatalFailure()) return;
  }
}

TEST(Kill, AtEveryOperationOfGoingOn) {
  PowerLossFileSystem first;
  first.lose_power_at(num_operations_of_a_run() * 9 / 10);
  Acknowledged heard;
  run(first, heard);
  for (std::int64_t at = 0;; ++at) {
    const auto fs = first.after_kill();
    fs->lose_power_at(at);
    Acknowledged later;
    const TrainReport report = run(*fs, later);
    if (!fs->lost()) {
      EXPECT_EQ(report.reason, StopReason::finished);
      EXPECT_GT(at, 20);  // about 50; what the writer still had to do at the first kill varies
      break;
    }
    const auto left = fs->after_kill();
    expect_kept(*left, later.newest.empty() ? heard.newest : later.newest, "operation " + std::to_string(at));
    expect_ends_well(*left, "operation " + std::to_string(at));
    if (HasFatalFailure()) return;
  }
}

// A fork that is killed anywhere is begun again, or resumes, and ends as one that was not; its parent stays.
TEST(Kill, AtEveryOperationOfAFork) {
  PowerLossFileSystem first;
  first.lose_power_at(num_operations_of_a_run() * 3 / 4);
  Acknowledged heard;
  run(first, heard);
  TrainConfig config = small_config();
  config.sac.gamma = 0.9;
  const auto fork = [&config](FileSystem& fs) {
    TrainerOptions options;
    options.run_dir = "/fork";
    options.file_system = &fs;
    options.memory_limit_bytes = 1 << 30;
    options.resume = is_run(fs, "/fork");
    if (!options.resume) options.fork_from = kRun;
    try {
      return Trainer(config, options).run();
    } catch (const Error& error) {
      TrainReport report;
      report.reason = StopReason::io;
      report.message = error.what();
      return report;
    }
  };
  const auto whole = first.after_kill();
  const TrainReport expected = fork(*whole);
  ASSERT_EQ(expected.reason, StopReason::finished) << expected.message;
  for (std::int64_t at = 0;; ++at) {
    const auto fs = first.after_kill();
    fs->lose_power_at(at);
    fork(*fs);
    if (!fs->lost()) {
      EXPECT_GT(at, 50);
      break;
    }
    std::mt19937 random(static_cast<unsigned>(at));
    const auto left = at % 2 == 0 ? fs->after_kill() : fs->after_power_loss(random, 512);
    const TrainReport again = fork(*left);
    ASSERT_EQ(again.reason, StopReason::finished) << "operation " << at << ": " << again.message;
    ASSERT_EQ(again.state_hash, expected.state_hash) << "operation " << at;
    for (const CheckpointInfo& info : find_checkpoints(*left, kRun / "checkpoints", "*"))
      EXPECT_TRUE(info.complete) << "operation " << at << ": " << info.error;
  }
}

struct Failure {
  int error;
  bool from_then_on;
  double short_write;
  int stride;  // every k-th operation
};

class Faults : public testing::TestWithParam<Failure> {};

TEST_P(Faults, AtEveryOperationLeaveWhatWasThere) {
  const Failure& failure = GetParam();
  for (std::int64_t at = 0;; at += failure.stride) {
    PowerLossFileSystem disk;
    FaultFileSystem fs(disk);
    Fault fault;
    fault.at = at;
    fault.error = failure.error;
    fault.from_then_on = failure.from_then_on;
    fault.short_write = failure.short_write;
    fs.set_fault(fault);
    Acknowledged heard;
    const TrainReport report = run(fs, heard);
    const std::string where = "operation " + std::to_string(at);
    if (fs.num_operations() <= at) {
      EXPECT_EQ(report.reason, StopReason::finished);
      EXPECT_GT(at, 100);
      break;
    }
    EXPECT_TRUE(report.reason == StopReason::disk || report.reason == StopReason::io ||
                report.reason == StopReason::finished)  // a failure whose result nobody needs
        << where << ": " << report.message;
    expect_kept(disk, heard.newest, where);
    expect_ends_well(disk, where);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Faults,
                         testing::Values(Failure{ENOSPC, false, 0.5, 1}, Failure{ENOSPC, true, 0.5, 3},
                                         Failure{EIO, false, 0.0, 3}, Failure{EIO, true, 0.0, 3}));

}  // namespace
}  // namespace softac::test

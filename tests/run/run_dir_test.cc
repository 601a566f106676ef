// What a run leaves on disk, and that a policy read back from it acts as the one that was trained.
#include "run/run_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "formats/evaluations.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "support/point_env.h"
#include "train/evaluator.h"

namespace softac::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

nlohmann::json json_of(const fs::path& path) {
  return nlohmann::json::parse(text_of(path));
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> names_in(const fs::path& dir) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TrainConfig recorded_config() {
  TrainConfig config = point_config();
  config.total_timesteps = 100;
  config.eval_freq = 30;
  config.checkpoint_freq = 25;
  return config;
}

TEST(RunDir, HoldsEverything) {
  TempDir dir;
  TrainerOptions options;
  options.run_dir = dir / "run";
  options.command = "softac train TestPoint-v0";
  options.origins["seed"] = "--seed";
  const TrainReport report = Trainer(recorded_config(), options).run();
  ASSERT_EQ(report.reason, StopReason::finished) << report.message;
  const fs::path run = report.run_dir;
  EXPECT_EQ(run, dir / "run");

  EXPECT_EQ(text_of(run / "command.txt"), "softac train TestPoint-v0\n");
  EXPECT_THAT(text_of(run / "config.toml"), testing::AllOf(HasSubstr("TestPoint-v0"), HasSubstr("--seed")));
  const auto provenance = json_of(run / "provenance.json");
  for (const char* key : {"softac_version", "commit", "tree_changed", "compiler", "cpu_features", "libraries"})
    EXPECT_TRUE(provenance.contains(key)) << key;
  EXPECT_TRUE(provenance["libraries"].contains("mujoco"));
  const auto status = json_of(run / "status.json");
  EXPECT_EQ(status["state"], "finished");
  EXPECT_EQ(status["reason"], "finished");
  EXPECT_EQ(status["step"], 100);

  // Rows every 20 steps, evaluations every 30; no updates before step 21.
  const auto rows = lines_of(run / "metrics.jsonl");
  ASSERT_EQ(rows.size(), 5u + 3u);
  const auto first = nlohmann::json::parse(rows.front()), last = nlohmann::json::parse(rows.back());
  EXPECT_EQ(first["step"], 20);
  EXPECT_FALSE(first.contains("train/critic_loss"));
  EXPECT_EQ(last["time/total_timesteps"], 100);
  EXPECT_EQ(last["train/n_updates"], 80);
  EXPECT_EQ(last["train/target_entropy"], -2.0);
  EXPECT_GT(last["train/critic_loss"], 0.0);
  EXPECT_EQ(last["time/episodes"], report.num_episodes);
  EXPECT_EQ(last["rollout/ep_rew_mean"], report.ep_return_mean);
  EXPECT_EQ(lines_of(run / "progress.csv").size(), 1u + rows.size());
  EXPECT_EQ(lines_of(run / "monitor.csv").size(), 2u + static_cast<std::size_t>(report.num_episodes));
  EXPECT_THAT(names_in(run), testing::Contains(testing::StartsWith("events.out.tfevents.")));
  EXPECT_THAT(text_of(run / "log.txt"), HasSubstr("checkpoint step-000000100"));

  const Evaluations evaluations = read_evaluations_npz(posix_file_system(), run / "eval" / "evaluations.npz");
  EXPECT_EQ(evaluations.timesteps, (std::vector<std::int64_t>{30, 60, 90}));
  EXPECT_EQ(evaluations.num_episodes, 3);
  const auto best = json_of(run / "best" / "manifest.json");
  EXPECT_EQ(best["mean_reward"], report.best_eval_return);

  // Checkpoints at 25, 50, 75, 100; three are kept.
  EXPECT_EQ(names_in(run / "checkpoints"),
            (std::vector<std::string>{"latest", "step-000000050", "step-000000075", "step-000000100"}));
  EXPECT_EQ(text_of(run / "checkpoints" / "latest"), "step-000000100\n");
  EXPECT_EQ(report.checkpoint, (run / "checkpoints" / "step-000000100").string());
  const auto checkpoints = list_checkpoints(report.run_dir, true);
  ASSERT_EQ(checkpoints.size(), 3u);
  for (const CheckpointInfo& checkpoint : checkpoints) {
    EXPECT_TRUE(checkpoint.complete) << checkpoint.error;
    EXPECT_EQ(checkpoint.files.size(), 6u);
  }
}

// 16 processes start 200 runs of the same name at the same moment, and each gets a folder of its own.
TEST(RunDir, ManyOfOneNameAtOnce) {
  TempDir dir;
  constexpr int kProcesses = 16, kRuns = 200;
  std::array<int, 2> start{}, names{};
  ASSERT_EQ(pipe(start.data()), 0);
  ASSERT_EQ(pipe(names.data()), 0);
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child > 0) {
      children.push_back(child);
      continue;
    }
    close(start[1]);
    char go = 0;
    if (read(start[0], &go, 1) != 0) _exit(2);  // until the parent closes its end
    std::vector<std::unique_ptr<RunDir>> held;
    try {
      for (int i = p; i < kRuns; i += kProcesses) {
        auto run = std::make_unique<RunDir>(posix_file_system(), "", dir / "runs", point_config(), 1e9);
        run->write_text("config.toml", "");
        const std::string line = run->path().filename().string() + "\n";
        if (write(names[1], line.data(), line.size()) < 0) _exit(3);
        if (i % 3 != 0) held.push_back(std::move(run));  // the others have ended
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  close(start[0]);
  close(start[1]);
  close(names[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count; (count = read(names[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  close(names[0]);
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::istringstream lines(text);
  std::set<std::string> distinct;
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(distinct.insert(line).second) << line;
  EXPECT_EQ(distinct.size(), static_cast<std::size_t>(kRuns));
  EXPECT_EQ(names_in(dir / "runs/TestPoint-v0/sac").size(), static_cast<std::size_t>(kRuns));
}

TEST(RunDir, CheckpointHashIsTheReportsHash) {
  TempDir dir;
  TrainerOptions options;
  options.run_dir = dir / "run";
  const TrainReport report = Trainer(recorded_config(), options).run();
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(report.state_hash));
  EXPECT_EQ(list_checkpoints(report.run_dir, false).back().state_hash, text);
}

TEST(RunDir, ReplayCanBeLeftOut) {
  TempDir dir;
  TrainConfig config = recorded_config();
  TrainerOptions options;
  options.run_dir = dir / "with";
  Trainer with(config, options);
  with.run();
  config.checkpoint_replay = false;
  options.run_dir = dir / "without";
  Trainer without(config, options);
  without.run();
  EXPECT_TRUE(fs::exists(dir / "with/checkpoints/step-000000100/state.replay"));
  EXPECT_FALSE(fs::exists(dir / "without/checkpoints/step-000000100/state.replay"));
  EXPECT_EQ(with.checkpoint_bytes() - without.checkpoint_bytes(), with.replay_bytes());
}

TEST(RunDir, IsNamedByEnvironmentTimeAndSeed) {
  TempDir dir;
  TrainConfig config = recorded_config();
  config.seed = 42;
  const RunDir a(posix_file_system(), "", dir / "runs", config, 1.7e9),
      b(posix_file_system(), "", dir / "runs", config, 1.7e9);
  const std::string parent = (dir / "runs/TestPoint-v0/sac/").string();
  EXPECT_TRUE(std::regex_match(a.path().string().substr(parent.size()), std::regex("202311\\d\\d-\\d{6}_s42")))
      << a.path();
  EXPECT_EQ(b.path().string(), a.path().string() + ".2");
}

TEST(RunDir, MustBeNewOrEmpty) {
  TempDir dir;
  TrainerOptions options;
  options.run_dir = dir / "run";
  fs::create_directories(dir / "run");
  EXPECT_EQ(Trainer(recorded_config(), options).run().reason, StopReason::finished);
  try {
    Trainer again(recorded_config(), options);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("new or empty"), HasSubstr("run")));
  }
  std::ofstream(dir / "file") << "text";
  options.run_dir = dir / "file";
  EXPECT_THROW(Trainer(recorded_config(), options), ConfigError);
}

TEST(RunDir, StatusSaysHowItEnded) {
  const auto status_of = [](const TrainConfig& config, TrainerOptions options) {
    const TrainReport report = Trainer(config, options).run();
    return json_of(fs::path(report.run_dir) / "status.json");
  };
  TempDir dir;
  TrainerOptions options;
  const std::atomic<int> signal{15};
  options.stop_signal = &signal;
  options.run_dir = dir / "stopped";
  EXPECT_EQ(status_of(recorded_config(), options)["state"], "stopped");
  EXPECT_TRUE(fs::exists(dir / "stopped/checkpoints/step-000000000/manifest.json"));

  options.stop_signal = nullptr;
  options.run_dir = dir / "failed";
  TrainConfig config = recorded_config();
  config.env_kwargs["throw_at"] = 60.0;
  const auto status = status_of(config, options);
  EXPECT_EQ(status["state"], "failed");
  EXPECT_EQ(status["reason"], "env_error");
  EXPECT_EQ(status["step"], 59);
  EXPECT_THAT(status["message"].get<std::string>(), HasSubstr("the point is lost"));
  const auto checkpoints = list_checkpoints((dir / "failed").string(), true);
  ASSERT_EQ(checkpoints.size(), 2u);  // those of steps 25 and 50 stay
  EXPECT_TRUE(checkpoints.back().complete);
}

// Files above a size limit fail as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(RunDir, AFullDiskEndsTheRunAndLeavesTheCheckpointBefore) {
  TempDir dir;
  TrainConfig config = recorded_config();
  config.total_timesteps = 3000;
  config.learning_starts = 3000;
  config.buffer_size = 5000;
  config.eval_freq = 0;
  config.checkpoint_freq = 500;
  config.log_interval_steps = 3000;
  TrainerOptions options;
  options.run_dir = dir / "run";
  TrainReport report;
  {
    const FileSizeLimit limit(45'000);  // a replay segment of 1500 steps
    report = Trainer(config, options).run();
  }
  EXPECT_EQ(report.reason, StopReason::disk);
  EXPECT_THAT(report.message, HasSubstr("segment-"));
  EXPECT_THAT(report.checkpoint, HasSubstr("step-00000"));
  const auto status = json_of(dir / "run/status.json");
  EXPECT_EQ(status["state"], "failed");
  EXPECT_EQ(status["reason"], "disk");
  const auto checkpoints = list_checkpoints(report.run_dir, true);
  ASSERT_GE(checkpoints.size(), 2u);
  EXPECT_EQ(checkpoints.back().path, report.checkpoint);
  for (const CheckpointInfo& checkpoint : checkpoints) EXPECT_TRUE(checkpoint.complete) << checkpoint.error;
  EXPECT_FALSE(fs::exists(dir / "run/checkpoints/.staging"));
  EXPECT_EQ(evaluate_run(report.run_dir, {}).step, checkpoints.back().step);
  // With room again it goes on as if nothing had been.
  options.resume = true;
  const TrainReport again = Trainer(config, options).run();
  EXPECT_EQ(again.reason, StopReason::finished) << again.message;
  options.resume = false;
  options.run_dir = dir / "whole";
  EXPECT_EQ(again.state_hash, Trainer(config, options).run().state_hash);
}

TEST(EvaluateRun, ReadsNewestBestAndStep) {
  TempDir dir;
  TrainConfig config = recorded_config();
  config.n_eval_episodes = 5;
  TrainerOptions options;
  options.run_dir = dir / "run";
  Trainer trainer(config, options);
  const TrainReport report = trainer.run();

  EvaluateOptions evaluate;
  evaluate.episodes = 7;
  const EvalStats newest = evaluate_run(report.run_dir, evaluate);
  EXPECT_EQ(newest.step, 100);
  EXPECT_EQ(newest.returns.size(), 7u);
  EXPECT_EQ(newest.env_id, "TestPoint-v0");
  EXPECT_TRUE(newest.warnings.empty());
  EXPECT_EQ(newest.returns, Evaluator(config, 7, evaluate.seed).run(trainer.agent()).returns);
  evaluate.threads = 2;
  evaluate.backend = "reference";
  EXPECT_EQ(evaluate_run(report.run_dir, evaluate).returns, newest.returns);

  evaluate.model = {ModelChoice::Kind::step, 75};
  EXPECT_EQ(evaluate_run(report.run_dir, evaluate).step, 75);
  evaluate.model = {ModelChoice::Kind::step, 60};
  try {
    evaluate_run(report.run_dir, evaluate);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("60"), HasSubstr("75")));
  }

  // Same episodes as during training: the best evaluation again.
  evaluate.model = {ModelChoice::Kind::best, 0};
  evaluate.seed = config.seed;
  evaluate.episodes = config.n_eval_episodes;
  EXPECT_EQ(evaluate_run(report.run_dir, evaluate).mean_return, report.best_eval_return);
}

TEST(EvaluateRun, SaysWhatIsMissing) {
  TempDir dir;
  EXPECT_THROW(evaluate_run((dir / "nothing").string(), {}), IoError);
  TrainConfig config = recorded_config();
  config.eval_freq = 0;
  TrainerOptions options;
  options.run_dir = dir / "run";
  Trainer(config, options).run();
  EvaluateOptions evaluate;
  evaluate.model.kind = ModelChoice::Kind::best;
  EXPECT_THROW(evaluate_run((dir / "run").string(), evaluate), IoError);
  fs::remove(dir / "run/config.toml");
  EXPECT_THROW(evaluate_run((dir / "run").string(), {}), IoError);
}

TEST(Trainer, InitFromTakesTheNetworks) {
  TempDir dir;
  TrainerOptions options;
  options.run_dir = dir / "first";
  Trainer first(recorded_config(), options);
  first.run();
  options.run_dir = dir / "second";
  options.init_from = dir / "first";
  TrainConfig config = recorded_config();
  config.seed = 9;
  Trainer second(config, options);
  const auto a = first.agent().model_tensors(), b = second.agent().model_tensors();
  ASSERT_EQ(a.size(), b.size());
  const TensorFile from = save_tensors(a, {}), to = save_tensors(b, {});
  EXPECT_EQ(from, to);

  config.sac.net_arch = {17, 16};
  options.run_dir = dir / "third";
  try {
    Trainer third(config, options);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("net_arch = [17, 16], the run has [16, 16]"));
  }
}

}  // namespace
}  // namespace softac::test

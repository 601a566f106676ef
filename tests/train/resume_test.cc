// A run that is stopped and resumed ends as one that never stopped: same state, same rows, same evaluations.
#include "run/resume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <random>
#include <sstream>

#include "config/resolve.h"
#include "formats/evaluations.h"
#include "run/checkpoint.h"
#include "run/run_state.h"
#include "softac/error.h"
#include "softac/trainer.h"
#include "support/learner_variants.h"
#include "support/point_env.h"

namespace softac::test {
namespace {

using testing::HasSubstr;

// Ends the run at the first vector step at which `at` steps are done.
class StopAt : public TrainCallback {
 public:
  explicit StopAt(std::int64_t at) : at_(at) {}
  TrainAnswer on_step(const TrainSummary& summary) override {
    return summary.step >= at_ ? TrainAnswer::stop : TrainAnswer::proceed;
  }
  void on_message(std::string_view text) override { messages += std::string(text) + "\n"; }
  std::string messages;

 private:
  std::int64_t at_;
};

constexpr std::int64_t kNever = std::int64_t{1} << 62;

TrainReport run(const TrainConfig& config, const Path& dir, bool resume, std::int64_t stop_at = kNever,
                std::string* messages = nullptr) {
  StopAt callback(stop_at);
  TrainerOptions options;
  options.run_dir = dir;
  options.resume = resume;
  options.callback = &callback;
  const TrainReport report = Trainer(config, options).run();
  EXPECT_EQ(report.reason, stop_at == kNever ? StopReason::finished : StopReason::stopped) << report.message;
  if (messages != nullptr) *messages = callback.messages;
  return report;
}

// The rows of a CSV file without its comment line and the columns of time.
std::vector<std::string> rows_of(const Path& path) {
  std::ifstream in(path);
  std::vector<std::string> rows;
  std::vector<bool> timed;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream cells(line);
    std::string cell, row;
    for (std::size_t i = 0; std::getline(cells, cell, ','); ++i) {
      if (rows.empty()) {
        timed.push_back(cell == "t" || cell == "time/fps" || cell == "time/time_elapsed" || cell == "time/diag_sec");
      }
      if (!timed[i]) row += cell + ",";
    }
    rows.push_back(row);
  }
  EXPECT_GT(rows.size(), 1u) << path;
  return rows;
}

void expect_same_records(const Path& a, const Path& b) {
  EXPECT_EQ(rows_of(a / "progress.csv"), rows_of(b / "progress.csv"));
  EXPECT_EQ(rows_of(a / "monitor.csv"), rows_of(b / "monitor.csv"));
  EXPECT_EQ(rows_of(a / "eval" / "evaluations.csv"), rows_of(b / "eval" / "evaluations.csv"));
  FileSystem& fs = posix_file_system();
  EXPECT_EQ(read_evaluations_npz(fs, a / "eval" / "evaluations.npz"),
            read_evaluations_npz(fs, b / "eval" / "evaluations.npz"));
  EXPECT_EQ(fs.read_file(a / "best" / "model.safetensors", 1 << 26),
            fs.read_file(b / "best" / "model.safetensors", 1 << 26));
  const auto event_file = [&](const Path& dir) {
    std::vector<std::string> found;
    for (const std::string& name : fs.list(dir)) {
      if (name.starts_with("events.out.tfevents.")) found.push_back(name);
    }
    EXPECT_EQ(found.size(), 1u) << dir;
    return fs.size(dir / found.at(0));
  };
  EXPECT_EQ(event_file(a), event_file(b));
}

struct Task {
  const char* env;
  int n_envs, n_steps;
  std::int64_t steps, eval_freq, buffer_size;
  int train_freq = 1;
};

TrainConfig config_of(const Task& task) {
  TrainConfig config = point_config();
  if (config.env_id != task.env) config.env_kwargs.clear();
  config.env_id = task.env;
  config.n_envs = task.n_envs;
  config.train_freq = task.train_freq;
  config.sac.n_steps = task.n_steps;
  config.total_timesteps = task.steps;
  config.eval_freq = task.eval_freq;
  config.n_eval_episodes = 1;
  config.buffer_size = task.buffer_size;
  config.checkpoint_freq = task.steps / 3;
  config.log_interval_steps = 50;
  config.diag_freq = task.steps / 5;
  config.sac.policy_delay = 2;
  return config;
}

// Stops at random steps, once and twice, against a run that never stops.
void expect_exact_resume(const TrainConfig& config) {
  TempDir dir;
  const std::int64_t steps = config.total_timesteps;
  const TrainReport whole = run(config, dir / "whole", false);
  std::mt19937 random(static_cast<unsigned>(config.n_envs + steps));
  for (int round = 0; round < 2; ++round) {
    const Path part = dir / ("part" + std::to_string(round));
    std::int64_t at = 1 + random() % static_cast<unsigned>(steps - 1);
    run(config, part, false, at);
    if (round == 0) at += 1 + random() % static_cast<unsigned>(steps - at), run(config, part, true, at);
    const TrainReport again = run(config, part, true);
    EXPECT_EQ(again.state_hash, whole.state_hash) << "stopped at step " << at;
    EXPECT_EQ(again.num_updates, whole.num_updates);
    EXPECT_EQ(again.num_episodes, whole.num_episodes);
    EXPECT_EQ(again.best_eval_return, whole.best_eval_return);
    expect_same_records(dir / "whole", part);
  }
}

class Resume : public testing::TestWithParam<Task> {};

TEST_P(Resume, EndsAsIfItHadNeverStopped) {
  expect_exact_resume(config_of(GetParam()));
}

TEST(Resume, AMixtureAndStateValuesGoOnAsWell) {
  TrainConfig mixture = config_of({"Pendulum-v1", 1, 1, 900, 350, 700});
  mixture.sac.actor_components = 3;
  expect_exact_resume(mixture);
  TrainConfig first = config_of({"Pendulum-v1", 2, 1, 900, 350, 700});
  first.sac.variant = Variant::state_value;
  first.sac.reward_scale = 2.0;
  expect_exact_resume(first);
}

class ResumeOfVariant : public testing::TestWithParam<LearnerVariant> {};
INSTANTIATE_TEST_SUITE_P(All, ResumeOfVariant, testing::ValuesIn(learner_variants()),
                         [](const auto& suite) { return suite.param.name; });

TEST_P(ResumeOfVariant, EndsAsIfItHadNeverStopped) {
  TrainConfig config = config_of({GetParam().num_actions > 0 ? "CartPole-v1" : "TestPoint-v0", 2, 1, 400, 150, 300});
  GetParam().set(config.sac);
  expect_exact_resume(config);
}

INSTANTIATE_TEST_SUITE_P(
    Tasks, Resume,
    testing::Values(Task{"TestPoint-v0", 3, 3, 600, 90, 300, 2}, Task{"Pendulum-v1", 1, 1, 1200, 350, 700},
                    Task{"HalfCheetah-v5", 2, 3, 2200, 700, 900}, Task{"Hopper-v5", 2, 1, 700, 200, 10'000},
                    Task{"Ant-v4", 1, 1, 500, 250, 10'000}, Task{"Humanoid-v5", 1, 2, 300, 150, 200}),
    [](const auto& task) {
      std::string name = task.param.env;
      std::erase(name, '-');
      return name;
    });

// Asks a run to stop at the at-th step of all its environments, those of evaluations and diagnoses included. Returns
// how many steps they made.
TrainReport run_until_call(const TrainConfig& config, const Path& dir, bool resume, std::int64_t at,
                           std::int64_t* calls = nullptr) {
  std::atomic<int> signal{0};
  std::int64_t count = 0;
  PointEnv::on_step = [&] {
    if (++count == at) signal = 15;
  };
  TrainerOptions options;
  options.run_dir = dir;
  options.resume = resume;
  options.stop_signal = &signal;
  const TrainReport report = Trainer(config, options).run();
  PointEnv::on_step = {};
  if (calls != nullptr) *calls = count;
  return report;
}

TEST(Resume, AStopInTheMidstOfWhateverAStepAsksForLosesNothing) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 80, 40, 300, 4});
  config.n_eval_episodes = 3;
  config.diag_freq = 30;
  config.checkpoint_freq = 40;
  config.log_interval_steps = 10;
  config.gradient_steps = 3;
  std::int64_t calls = 0;
  const TrainReport whole = run_until_call(config, dir / "whole", false, kNever, &calls);
  ASSERT_EQ(whole.reason, StopReason::finished) << whole.message;
  ASSERT_GT(calls, 900);  // 80 of training, two evaluations, two diagnoses of 420
  std::int64_t updates = 0, diagnoses = 0, evaluations = 0;
  std::vector<std::int64_t> moments = {24, 28, 30, 31};
  while (moments.back() + 67 < calls) moments.push_back(moments.back() + 67);
  for (const std::int64_t at : moments) {
    const Path part = dir / ("part" + std::to_string(at));
    TrainReport report = run_until_call(config, part, false, at);
    ASSERT_EQ(report.reason, StopReason::interrupted) << at << ": " << report.message;
    const auto says = [&](const char* text) { return report.message.find(text) != std::string::npos; };
    updates += says("of its updates are still to come");
    diagnoses += says("its diagnosis is still to come");
    evaluations += says("its evaluation is still to come");
    report = run_until_call(config, part, true, 7);
    if (report.reason != StopReason::finished) report = run_until_call(config, part, true, kNever);
    ASSERT_EQ(report.reason, StopReason::finished) << at << ": " << report.message;
    ASSERT_EQ(report.state_hash, whole.state_hash) << at;
    ASSERT_EQ(report.num_updates, whole.num_updates) << at;
    ASSERT_EQ(report.best_eval_return, whole.best_eval_return) << at;
    expect_same_records(dir / "whole", part);
    std::filesystem::remove_all(part);
  }
  EXPECT_GT(updates, 0);
  EXPECT_GT(diagnoses, 0);
  EXPECT_GT(evaluations, 0);
}

TEST(Resume, TheLastEvaluationIsMadeThoughAllStepsAreDone) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 40, 40, 300});
  config.diag_freq = 0;
  std::int64_t calls = 0;
  const TrainReport whole = run_until_call(config, dir / "whole", false, kNever, &calls);
  const TrainReport stopped = run_until_call(config, dir / "part", false, calls - 2);
  EXPECT_EQ(stopped.reason, StopReason::interrupted);
  EXPECT_EQ(stopped.message, "stopped by signal 15 at step 40; its evaluation is still to come");
  EXPECT_EQ(run(config, dir / "part", true).best_eval_return, whole.best_eval_return);
  expect_same_records(dir / "whole", dir / "part");
  // The checkpoint of the evaluation that was made in the end asks for nothing more.
  EXPECT_EQ(run_until_call(config, dir / "part", true, kNever, &calls).reason, StopReason::finished);
  EXPECT_EQ(calls, 0);
}

TEST(Resume, TwiceTheStepsIsTrainingTwice) {
  TempDir dir;
  TrainConfig config = config_of({"Pendulum-v1", 1, 1, 800, 300, 700});
  const TrainReport whole = run(config, dir / "whole", false);
  TrainConfig half = config;
  half.total_timesteps = 400;
  run(half, dir / "part", false);
  EXPECT_EQ(run(config, dir / "part", true).state_hash, whole.state_hash);
  expect_same_records(dir / "whole", dir / "part");
}

TEST(Resume, AFinishedRunStaysAsItIs) {
  TempDir dir;
  const TrainConfig config = config_of({"TestPoint-v0", 1, 1, 100, 50, 300});
  const TrainReport first = run(config, dir / "run", false);
  const auto checkpoints = posix_file_system().list(dir / "run" / "checkpoints");
  const TrainReport again = run(config, dir / "run", true);
  EXPECT_EQ(again.state_hash, first.state_hash);
  EXPECT_EQ(again.checkpoint, first.checkpoint);
  EXPECT_EQ(posix_file_system().list(dir / "run" / "checkpoints"), checkpoints);
}

TEST(Resume, AnInterruptedFirstStretchIsRepeated) {
  TempDir dir;
  const TrainConfig config = config_of({"TestPoint-v0", 1, 1, 200, 50, 300});
  const TrainReport whole = run(config, dir / "whole", false);
  run(config, dir / "part", false, 70);
  std::filesystem::remove_all(dir / "part" / "checkpoints");  // as if it had been killed before its first checkpoint
  std::string messages;
  EXPECT_EQ(run(config, dir / "part", true, kNever, &messages).state_hash, whole.state_hash);
  EXPECT_THAT(messages, HasSubstr("starts from step 0"));
  expect_same_records(dir / "whole", dir / "part");
}

TEST(Resume, TakesTheNewestIntactCheckpointAndSaysSo) {
  TempDir dir;
  const TrainConfig config = config_of({"TestPoint-v0", 1, 1, 400, 50, 300});
  const TrainReport whole = run(config, dir / "whole", false);
  run(config, dir / "part", false, 350);
  const Path newest = dir / "part" / "checkpoints" / "step-000000350";
  {
    std::fstream file(newest / "optimizer.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('!');
  }
  std::string messages;
  EXPECT_EQ(run(config, dir / "part", true, kNever, &messages).state_hash, whole.state_hash);
  EXPECT_THAT(messages, testing::AllOf(HasSubstr("step-000000350 skipped: optimizer.safetensors: its SHA-256"),
                                       HasSubstr("resumed from step-000000266")));
  expect_same_records(dir / "whole", dir / "part");
}

TEST(Resume, WithoutReplayUpdatesWaitForNewTransitions) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 200, 0, 300});
  config.checkpoint_replay = false;
  run(config, dir / "run", false, 100);
  std::string messages;
  const TrainReport report = run(config, dir / "run", true, kNever, &messages);
  EXPECT_THAT(messages, HasSubstr("no replay"));
  EXPECT_EQ(report.num_updates, 80 + 80);  // after 20 random steps, and after 20 more of the policy's
}

TEST(Resume, OtherSettingsAreRefused) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 100, 0, 300});
  run(config, dir / "run", false, 50);
  TrainConfig other = config;
  other.sac.tau = 0.5;
  other.env_kwargs["limit"] = 3.0;
  other.threads = 2;
  other.total_timesteps = 120;
  try {
    run(other, dir / "run", true);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("tau = 0.5, the run has 0.005"), HasSubstr("--fork"),
                                             HasSubstr("env_kwargs.limit = 3.0, the run has 2.0"),
                                             testing::Not(HasSubstr("threads")), testing::Not(HasSubstr("total"))));
  }
  EXPECT_THROW(run(config, dir / "nothing", true), IoError);
}

TEST(Resume, WhatDoesNotChangeLearningMayChange) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 2, 1, 300, 0, 200});
  const TrainReport whole = run(config, dir / "whole", false);
  run(config, dir / "part", false, 100);
  TrainConfig other = config;
  other.eval_freq = 40;
  other.n_eval_episodes = 4;
  other.checkpoint_freq = 30;
  other.keep_checkpoints = kKeepAll;
  other.log_interval_steps = 7;
  other.diag_freq = 90;
  other.threads = 2;
  other.max_time_sec = 1e6;
  other.env_error_resets = true;
  other.max_rollbacks = 2;
  other.tensorboard = !config.tensorboard;
  other.checkpoint_replay = false;
  run(other, dir / "part", true, 200);
  EXPECT_EQ(load_run_config((dir / "part" / "config.toml").string()).config.log_interval_steps, 7);
  // What the replay was, only a checkpoint with it can say.
  for (const CheckpointInfo& info : find_checkpoints(posix_file_system(), dir / "part" / "checkpoints", "")) {
    if (info.step > 100) std::filesystem::remove_all(info.path);
  }
  other.checkpoint_replay = true;
  std::string messages;
  EXPECT_EQ(run(other, dir / "part", true, kNever, &messages).state_hash, whole.state_hash);
  EXPECT_THAT(messages, HasSubstr("changed: checkpoint_replay = true, was false"));
  std::ifstream records(dir / "part" / "resumptions.jsonl");
  std::vector<std::string> lines;
  for (std::string line; std::getline(records, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], testing::AllOf(HasSubstr("\"step\":100"),
                                       HasSubstr("\"setting\":\"eval_freq\",\"from\":\"0\",\"to\":\"40\""),
                                       HasSubstr("log_interval_steps")));
  EXPECT_THAT(lines[1], testing::AllOf(HasSubstr("checkpoint_replay"), testing::Not(HasSubstr("log_interval_steps"))));
}

TEST(Resume, ARunThatCanRollBackFromNowOnFindsItsBestModel) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 120, 30, 200});
  run(config, dir / "run", false, 70);
  config.max_rollbacks = 1;
  run(config, dir / "run", true);
  const auto all = find_checkpoints(posix_file_system(), dir / "run" / "checkpoints", "*");
  EXPECT_TRUE(posix_file_system().exists(Path(all.back().path) / "best.safetensors"));
}

TEST(Resume, FewerStepsThanAreDoneAreRefused) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 3, 1, 100, 0, 300});  // ends at step 102
  const TrainReport report = run(config, dir / "run", false);
  const std::string before = posix_file_system().read_text(dir / "run" / "config.toml", 1 << 20);
  config.total_timesteps = 99;
  try {
    run(config, dir / "run", true);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("total_timesteps = 99"), HasSubstr("is at step 102 already")));
  }
  EXPECT_EQ(posix_file_system().read_text(dir / "run" / "config.toml", 1 << 20), before);
  config.total_timesteps = 100;
  EXPECT_EQ(run(config, dir / "run", true).state_hash, report.state_hash);
}

TEST(Resume, ASchedulesHorizonDoesNotChangeWithTheSteps) {
  TempDir dir;
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 100, 0, 300});
  config.sac.learning_rate_schedule = LearningRateSchedule::linear;
  run(config, dir / "run", false);
  config.total_timesteps = 140;
  try {
    run(config, dir / "run", true);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("learning_rate_steps = 120, the run has 80"),
                                             HasSubstr("learning_rate_steps=80 keeps the schedule")));
  }
  config.sac.learning_rate_steps = 80;
  EXPECT_EQ(run(config, dir / "run", true).step, 140);
}

TEST(Resume, TheNewestUnfinishedRunOfTheSameSettingsIsFound) {
  TempDir dir;
  FileSystem& fs = posix_file_system();
  TrainConfig config = config_of({"TestPoint-v0", 1, 1, 100, 0, 300});
  const auto start = [&](const TrainConfig& settings, std::int64_t stop_at) {
    StopAt callback(stop_at);
    TrainerOptions options;
    options.runs_root = dir / "runs";
    options.callback = &callback;
    return Trainer(settings, options).run().run_dir;
  };
  EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, "");
  const std::string older = start(config, 40), newer = start(config, 60);
  const std::string finished = start(config, kNever);
  TrainConfig other = config;
  other.seed = 5;
  start(other, 30);
  EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, newer);
  {
    const auto busy = fs.lock(Path(newer) / ".lock"), busy_too = fs.lock(Path(older) / ".lock");
    EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, "");
    EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).finished, finished);
  }
  {
    const auto busy = fs.lock(Path(newer) / ".lock");
    EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, older);
  }
  config.threads = 2;
  EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, newer);
  config.total_timesteps = 101;
  config.eval_freq = 50;
  EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, newer) << "these may change";
  config.sac.tau = 0.5;
  EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).path, "");
  EXPECT_EQ(find_unfinished_run(fs, dir / "runs", config).finished, "");
}

// A run that softac 0.1.0 left, kept: whatever becomes of the formats, it is read, or refused as a newer one is.
TEST(Resume, AGoldenRunIsReadForEver) {
  TempDir dir;
  std::filesystem::copy(SOFTAC_GOLDEN_RUN, dir / "run", std::filesystem::copy_options::recursive);
  TrainConfig config = load_run_config((dir / "run" / "config.toml").string()).config;
  config.threads = 1;
  EXPECT_EQ(run(config, dir / "run", true).state_hash, 0xc75fde9c49a43682u);
  config.total_timesteps = 80;
  EXPECT_EQ(run(config, dir / "run", true).step, 80);

  std::filesystem::copy(SOFTAC_GOLDEN_RUN, dir / "newer", std::filesystem::copy_options::recursive);
  const Path manifest = dir / "newer" / "checkpoints" / "step-000000060" / "manifest.json";
  std::string text = posix_file_system().read_text(manifest, 1 << 20);
  text.replace(text.find("\"format\": 2"), 11, "\"format\": 3");
  std::ofstream(manifest) << text;
  try {
    run(config, dir / "newer", true);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a newer softac"));
  }
}

TEST(RunState, IsReadBackAndDamageIsNamed) {
  RunState state;
  state.step = 7;
  state.num_episodes = 2;
  state.episode_returns = {-1.25, 1e-300};
  state.episode_lengths = {3.0, 4.0};
  state.act_positions = {~std::uint64_t{0}, 1};
  state.warmup_positions = {2, 3};
  state.best_eval_return = 0.1;
  state.last_eval_step = 5;
  state.last_eval_returns = {0.1};
  state.last_eval_lengths = {9};
  state.update_sum.entropy = 1.0 / 3.0;
  state.records.tensorboard_file = "events.out.tfevents.1.host.2";
  const std::string text = to_json(state);
  EXPECT_EQ(to_json(parse_run_state(text, "file")), text);
  const auto error_of = [](std::string changed) {
    try {
      parse_run_state(changed, "file");
    } catch (const IoError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string out = text;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(error_of(with("\"format\": 2", "\"format\": 5")), HasSubstr("a newer softac"));
  EXPECT_THAT(error_of(with("\"step\": 7", "\"step\": -7")), HasSubstr("file.step"));
  EXPECT_THAT(error_of(with("\"step\": 7", "\"stop\": 7")), HasSubstr("\"step\" is missing"));
  EXPECT_THAT(error_of(with("\"count\": 2", "\"count\": 3")), HasSubstr("episodes"));
  EXPECT_THAT(error_of(with("events.out", "../events.out")), HasSubstr("tensorboard_file"));
  EXPECT_THAT(error_of(text.substr(0, text.size() / 2)), HasSubstr("not JSON"));
  EXPECT_THAT(error_of(text + "{}"), HasSubstr("not JSON")) << "trailing bytes";
  EXPECT_THAT(error_of(with("\"step\": 7", "\"step\": 7, \"step\": 8")), HasSubstr("the key \"step\" appears twice"));
  EXPECT_THAT(error_of(with("\"format\": 2", "\"format\": 3")), HasSubstr("\"due\" is missing"));
  EXPECT_THAT(error_of(std::string(10'000, '[') + std::string(10'000, ']')), HasSubstr("levels deep"));
}

TEST(RunState, HeldNoiseIsKeptInAFormatOfItsOwn) {
  RunState state;
  state.noise_runs = {{~std::uint64_t{0}, 12, 0}, {40, 11, 3}};
  const std::string text = to_json(state);
  EXPECT_THAT(text, testing::AllOf(HasSubstr("\"format\": 4"), testing::Not(HasSubstr("\"due\""))));
  EXPECT_EQ(parse_run_state(text, "file").noise_runs, state.noise_runs);
  EXPECT_EQ(to_json(parse_run_state(text, "file")), text);
  state.due.log = true;
  EXPECT_TRUE(parse_run_state(to_json(state), "file").due.log);
  std::string damaged = text;
  damaged.replace(damaged.find("11"), 2, "-1");
  EXPECT_THAT([&] { parse_run_state(damaged, "file"); },
              testing::ThrowsMessage<IoError>(HasSubstr("file.noise_runs: expected")));
  std::string without = text;
  without.replace(without.find("noise_runs"), 10, "other_runs");
  EXPECT_THAT([&] { parse_run_state(without, "file"); },
              testing::ThrowsMessage<IoError>(HasSubstr("\"noise_runs\" is missing")));
}

TEST(RunState, WhatIsDueIsKeptInAFormatOfItsOwn) {
  RunState state;
  EXPECT_THAT(to_json(state), testing::AllOf(HasSubstr("\"format\": 2"), testing::Not(HasSubstr("\"due\""))));
  state.due = {5, false, true, true, false};
  const std::string text = to_json(state);
  EXPECT_THAT(text, HasSubstr("\"format\": 3"));
  EXPECT_EQ(parse_run_state(text, "file").due, state.due);
  std::string changed = text;
  changed.replace(changed.find("\"diagnosis\": true"), 17, "\"diagnosis\": 1");
  EXPECT_THROW(parse_run_state(changed, "file"), IoError);
}

}  // namespace
}  // namespace softac::test

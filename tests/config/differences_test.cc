// Which settings may change when, and in what two configurations differ.
#include "config/differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.h"

namespace softac {
namespace {

std::vector<std::string> names_of(SettingChange change) {
  std::vector<std::string> names;
  const TrainConfig config;
  for_each_setting(config, [&](const SettingInfo& info, const auto&) {
    if (info.change == change) names.emplace_back(info.name);
  });
  return names;
}

// A new setting counts as one that changes learning until somebody says otherwise here and in its line of the table.
TEST(SettingChanges, AreSaidForEverySetting) {
  EXPECT_THAT(
      names_of(SettingChange::on_resume),
      testing::IsSupersetOf({"env_plugins", "total_timesteps", "n_env_threads", "threads", "backend", "max_time_sec",
                             "env_timeout_sec", "env_error_resets", "max_rollbacks", "eval_freq", "n_eval_episodes",
                             "checkpoint_freq", "checkpoint_replay", "keep_checkpoints", "keep_checkpoints_every",
                             "log_interval_steps", "diag_freq", "tensorboard"}));
  const auto in_new_run = names_of(SettingChange::in_new_run);
  EXPECT_THAT(in_new_run, testing::IsSupersetOf({"env_id", "seed", "n_envs", "variant", "policy", "net_arch",
                                                 "n_critics", "normalize_obs", "critic_loss"}));
  const auto in_fork = names_of(SettingChange::in_fork);
  EXPECT_THAT(in_fork, testing::IsSupersetOf({"learning_rate", "learning_rate_schedule", "gamma", "tau", "ent_coef",
                                              "reward_scale", "batch_size", "buffer_size", "n_steps", "gradient_steps",
                                              "train_freq", "target_entropy"}));
}

TEST(SettingDifferences, NameBothValuesAndWhatTheyMean) {
  TrainConfig run, wanted;
  wanted.sac.tau = 0.5;
  wanted.eval_freq = 7;
  wanted.sac.n_critics = 3;
  run.env_kwargs["limit"] = 2.0;
  const auto differences = setting_differences(wanted, run);
  ASSERT_EQ(differences.size(), 4u);
  EXPECT_EQ(differences[0].text(), "n_critics = 3, the run has 2");
  EXPECT_EQ(differences[0].change, SettingChange::in_new_run);
  EXPECT_EQ(differences[1].text(), "tau = 0.5, the run has 0.005");
  EXPECT_EQ(differences[1].change, SettingChange::in_fork);
  EXPECT_EQ(differences[2].text(), "eval_freq = 7, the run has 10000");
  EXPECT_EQ(differences[2].change, SettingChange::on_resume);
  EXPECT_EQ(differences[3].text(), "env_kwargs.limit = its default, the run has 2.0");
  EXPECT_EQ(differences[3].change, SettingChange::in_fork);
  EXPECT_TRUE(setting_differences(run, run).empty());
}

TEST(SettingDifferences, ASchedulesHorizonIsItsNumberOfSteps) {
  TrainConfig run, wanted;
  run.learning_starts = wanted.learning_starts = 100;
  run.total_timesteps = 1100;
  wanted.total_timesteps = 2100;
  ASSERT_EQ(setting_differences(wanted, run).size(), 1u);  // total_timesteps alone
  run.sac.learning_rate_schedule = wanted.sac.learning_rate_schedule = LearningRateSchedule::linear;
  const auto differences = setting_differences(wanted, run);
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0].change, SettingChange::on_resume);
  EXPECT_EQ(differences[1].text(), "learning_rate_steps = 2000, the run has 1000");
  EXPECT_EQ(differences[1].change, SettingChange::in_fork);
  wanted.sac.learning_rate_steps = 1000;
  EXPECT_EQ(setting_differences(wanted, run).size(), 1u);
}

}  // namespace
}  // namespace softac

// The progress line at every width, and the table of a row of metrics.
#include "progress_line.h"

#include <gtest/gtest.h>

#include <limits>

namespace softac::app {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

TrainSummary summary_with_updates() {
  TrainSummary summary;
  summary.step = 40'000;
  summary.total_timesteps = 100'000;
  summary.num_updates = 39'900;
  summary.num_episodes = 40;
  summary.steps_per_sec = 2062.0;
  summary.recent_steps_per_sec = 85.6;
  summary.left_sec = 702.0;
  summary.last_ep_return = 3321.6;
  summary.update.ent_coef = 0.2104;
  summary.update.entropy = -5.91;
  summary.update.critic_loss = 24.9;
  return summary;
}

TEST(ProgressLine, ShowsEverythingWhereThereIsRoom) {
  TrainSummary summary = summary_with_updates();
  EXPECT_EQ(progress_line(summary, {.utf8 = true}),
            "40000/100000 86 fps ETA 11m42s return 3321.60 α 0.21 entropy -5.91 updates 39900 critic 24.9");
  EvalStats evaluation;
  evaluation.mean_return = 4021.77;
  summary.last_eval = &evaluation;
  summary.best_eval_return = 4100.0;
  EXPECT_EQ(progress_line(summary, {}),
            "40000/100000 86 fps ETA 11m42s return 3321.60 eval 4021.77 best 4100.00 alpha 0.21 entropy -5.91 updates "
            "39900 critic 24.9");
  EXPECT_EQ(progress_line(summary, {.width = 200, .bar = true, .utf8 = true}).substr(0, 33), "████░░░░░░ 40");
}

TEST(ProgressLine, LeavesOutWhatHasNoRoom) {
  const TrainSummary summary = summary_with_updates();
  const std::string least = "40000/100000 86 fps ETA 11m42s";
  EXPECT_EQ(progress_line(summary, {.width = 5, .bar = true, .utf8 = true}), least);
  EXPECT_EQ(progress_line(summary, {.width = 50, .bar = true, .utf8 = true}), least + " return 3321.60");
  EXPECT_EQ(progress_line(summary, {.width = 60, .bar = true, .utf8 = true}),
            "████░░░░░░ " + least + " return 3321.60");
  std::size_t before = 0;
  for (std::size_t width = 30; width < 150; ++width) {
    const std::size_t found = text_width(progress_line(summary, {.width = width, .bar = true, .utf8 = true}));
    EXPECT_LE(found, width);
    EXPECT_GE(found, before) << "more room never shows less";
    before = found;
  }
}

TEST(ProgressLine, WhatIsNotKnownIsADash) {
  TrainSummary summary;
  summary.total_timesteps = 1000;
  summary.recent_steps_per_sec = summary.left_sec = summary.last_ep_return = kUnknown;
  EXPECT_EQ(progress_line(summary, {.utf8 = true}), "0/1000 – fps ETA – return –");
  EXPECT_EQ(progress_line(summary, {.bar = true}), "---------- 0/1000 - fps ETA - return -");
  summary.total_timesteps = 0;
  EXPECT_EQ(progress_line(summary, {}), "0/0 - fps ETA - return -");
}

TEST(MetricsTable, IsGroupedAndAligned) {
  EXPECT_EQ(metrics_table_text({{"train/ent_coef", 0.12345},
                                {"rollout/ep_rew_mean", -1234.567},
                                {"train/n_updates", 900.0},
                                {"time/total_timesteps", 1e6},
                                {"plain", kUnknown}}),
            "----------------------------------\n"
            "| plain              | nan       |\n"
            "| rollout/           |           |\n"
            "|    ep_rew_mean     | -1.23e+03 |\n"
            "| time/              |           |\n"
            "|    total_timesteps | 1000000   |\n"
            "| train/             |           |\n"
            "|    ent_coef        | 0.123     |\n"
            "|    n_updates       | 900       |\n"
            "----------------------------------");
}

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(text_width("α░ ab"), 5u);
  EXPECT_EQ(text_start("α░ ab", 2), "α░");
  EXPECT_EQ(text_start("α░", 5), "α░");
  EXPECT_EQ(text_start("", 0), "");
}

}  // namespace
}  // namespace softac::app

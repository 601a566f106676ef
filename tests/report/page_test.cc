// The page of a report: what is in it, what cannot get out of its place, how large it is.
#include "report/page.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/json.h"
#include "report/base64.h"
#include "report/page_data.h"
#include "report/page_parts.h"
#include "report/test_runs.h"
#include "softac/error.h"
#include "support/count.h"

namespace softac::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string data_of(const std::string& page) {
  const std::string begin = "id=\"data\">";
  const auto from = page.find(begin) + begin.size();
  return page.substr(from, page.find("</script>", from) - from);
}

std::vector<ReportRun> three_runs() {
  std::vector<ReportRun> runs = {
      {test_run("Pendulum-v1", 0), {}}, {test_run("Pendulum-v1", 1), {}}, {test_run("Pendulum-v1", 2), {}}};
  set(runs[2].history, "learning_rate", "0.01");
  return runs;
}

TEST(Base64, Rfc4648) {
  const auto of = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(of("\xff\xfe\xfd"), "//79");
}

TEST(ReportPage, HoldsEveryPart) {
  const std::string page = report_page(three_runs());
  for (const char* part :
       {"<h1>Pendulum-v1</h1>", "3 runs in 2 groups", "learning_rate = 0.01", "Return in evaluations",
        "Entropy of the policy", "stroke-dasharray", "diag/strange", "mine/own", "How the groups differ", "mujoco",
        "runs/Pendulum-v1_s1", "all settings of seed 0", "class=\"s-c0 g0 mean\"", "g0 iqm", "g0 seed", "g1 only",
        "Content-Security-Policy", "prefers-color-scheme:dark", "@media print"})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, Not(HasSubstr("http-equiv=\"refresh\"")));
  EXPECT_THAT(report_page(three_runs(), {.reload_sec = 7}), HasSubstr("http-equiv=\"refresh\" content=\"7\""));
  EXPECT_EQ(count(page, "<figure class=\"panel\">"), 6);  // the return twice: over steps and over time
  EXPECT_LE(std::count(kPageScript.begin(), kPageScript.end(), '\n'), 150);
}

TEST(ReportPage, DataAreTheNumbersDrawn) {
  const Json data = parse_json(data_of(report_page(three_runs())), 8);
  const Json& panel = data.at("panels").list()[0];
  const Json& mean = panel.at("curves").list()[0];
  EXPECT_EQ(mean.at("n").get<std::string>(), "mean of 2");
  EXPECT_EQ(mean.at("y").list()[1].get<double>(), -499.5);
  EXPECT_EQ(mean.at("lo").list()[1].get<double>(), -500.0);
  const Json& x = data.at("x").list()[mean.at("x").get<std::size_t>()];
  EXPECT_EQ(x.list()[1].get<double>(), 1000.0);
  EXPECT_EQ(panel.at("curves").list()[2].at("n").get<std::string>(), "seed 0");
  EXPECT_EQ(data_number(NAN), "null");
  EXPECT_EQ(data_number(1'234'567), "1234567");
  EXPECT_EQ(data_number(0.1), "0.1");
}

TEST(ReportPage, NothingFromFilesIsMarkup) {
  const std::string evil = "</script><script>alert(1)</script><img src=x onerror=\"a\"> & '";
  ReportRun run{test_run(evil, 0), {{evil + ".mp4", "video/mp4", "AAAA"}, {"b.gif", "image/gif", "", evil}}};
  RunHistory& history = run.history;
  history.overview.dir = evil;
  history.overview.state = RunCondition::failed;
  history.overview.message = evil;
  history.settings.push_back({evil, evil, evil});
  history.series.push_back({evil, {1, 2}, {1, 2}, {1, 2}});
  history.provenance = {{evil, {evil, evil}}};
  ReportRun other = run;
  other.history.settings.back().value = "2";
  other.history.overview.dir = "b";
  const std::string page = report_page({run, other});
  EXPECT_EQ(count(page, "<script>"), 1);
  EXPECT_EQ(count(page, "</script>"), 2);
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, Not(HasSubstr("onerror=\"")));
  EXPECT_NO_THROW(parse_json(data_of(page), 8));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
}

TEST(ReportPage, WhatIsMissingIsNoError) {
  RunHistory empty;
  empty.overview.dir = "new";
  empty.overview.env_id = "Pendulum-v1";
  empty.overview.state = RunCondition::running;
  const std::string page = report_page({{empty, {}}});
  EXPECT_THAT(page, HasSubstr("Nothing has been recorded yet"));
  EXPECT_THAT(page, HasSubstr("1 running"));
  EXPECT_NO_THROW(parse_json(data_of(page), 8));
  EXPECT_THROW(report_page({}), ContractError);
}

TEST(ReportPage, FiveLongRunsStayBelowThreeMegabytes) {
  std::vector<ReportRun> runs;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    RunHistory run = test_run("HalfCheetah-v5", seed);
    run.series.clear();
    for (const char* name :
         {"rollout/ep_rew_mean", "rollout/ep_len_mean", "time/fps", "time/time_elapsed", "train/actor_loss",
          "train/critic_loss", "train/ent_coef", "train/ent_coef_loss", "train/entropy", "train/target_entropy",
          "train/n_updates", "diag/q_mean", "diag/target_mean", "diag/actor_grad_norm", "diag/critic_grad_norm"}) {
      RunSeries series{name, {}, {}, {}};
      for (int i = 1; i <= 1000; ++i) {
        series.steps.push_back(1000 * i);
        series.seconds.push_back(6.123 * i + static_cast<double>(seed));
        series.values.push_back(1234.5678 * std::sin(0.01 * i * (1.0 + 0.1 * static_cast<double>(seed))) +
                                std::cos(7.0 * i));
      }
      run.series.push_back(std::move(series));
    }
    runs.push_back({std::move(run), {}});
  }
  EXPECT_LT(report_page(runs).size(), 3'000'000u);
}

}  // namespace
}  // namespace softac::report

// Metrics and episodes are read back as they were written, and what is not theirs is named.
#include "formats/metrics_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/temp_dir.h"
#include "formats/metrics_sink.h"
#include "formats/monitor_csv.h"

namespace softac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Three rows, through the sinks that a run writes with.
void write_rows(MetricsSink& sink) {
  const std::vector<std::vector<Metric>> rows = {{{"time/total_timesteps", 20}, {"a", 0.1}},
                                                 {{"time/total_timesteps", 30}, {"eval/mean_reward", -2.5}},
                                                 {{"time/total_timesteps", 40}, {"b", kNan}, {"a", 1e300}}};
  for (std::size_t i = 0; i < rows.size(); ++i)
    sink.write(static_cast<std::int64_t>(20 + 10 * i), 1000.5 + static_cast<double>(i), rows[i]);
  sink.close();
}

void expect_rows(const MetricsTable& table) {
  EXPECT_THAT(table.steps, ElementsAre(20, 30, 40));
  ASSERT_NE(table.find("a"), nullptr);
  EXPECT_EQ(*table.find("a"), (MetricColumn{"a", {0, 2}, {0.1, 1e300}}));
  EXPECT_EQ(*table.find("eval/mean_reward"), (MetricColumn{"eval/mean_reward", {1}, {-2.5}}));
  EXPECT_THAT(table.find("b")->rows, ElementsAre(2));
  EXPECT_TRUE(std::isnan(table.find("b")->values[0]));
  EXPECT_EQ(table.find("c"), nullptr);
}

TEST(MetricsTable, ReadsBackWhatTheSinksWrite) {
  TempDir dir;
  write_rows(*make_jsonl_sink(posix_file_system(), dir / "m"));
  write_rows(*make_csv_sink(posix_file_system(), dir / "p"));
  const std::string lines = read_text(dir / "m"), csv = read_text(dir / "p");
  const MetricsTable from_lines = parse_metrics_jsonl(lines, "m"), from_csv = parse_progress_csv(csv, "p");
  expect_rows(from_lines);
  expect_rows(from_csv);
  EXPECT_THAT(from_lines.wall_times, ElementsAre(1000.5, 1001.5, 1002.5));
  EXPECT_TRUE(std::isnan(from_csv.wall_times[0]));
  // Wherever a line that is being written breaks off, the rows before it are there.
  for (std::size_t size = 0; size < lines.size(); ++size) {
    const auto part = std::string_view(lines).substr(0, size);
    EXPECT_EQ(parse_metrics_jsonl(part, "m").steps.size(), static_cast<std::size_t>(std::ranges::count(part, '\n')));
  }
  for (std::size_t size = 0; size < csv.size(); ++size)
    EXPECT_LE(parse_progress_csv(std::string_view(csv).substr(0, size), "p").steps.size(), 2u);
}

TEST(MetricsTable, GarbageIsNamedByItsLine) {
  const std::string good = "{\"step\": 1, \"wall_time\": 2.0, \"a\": null}\n";
  EXPECT_EQ(parse_metrics_jsonl(good, "m").steps.size(), 1u);
  const auto message = [&](const std::string& line) {
    return message_of<IoError>([&] { parse_metrics_jsonl(good + line + "\n", "run/metrics.jsonl"); });
  };
  EXPECT_THAT(message("\x01\x02garbage"), HasSubstr("run/metrics.jsonl: line 2: not JSON"));
  EXPECT_THAT(message(""), HasSubstr("line 2: not JSON"));
  EXPECT_THAT(message("{\"step\": 1, \"wall_time\": 2.0"), HasSubstr("not JSON"));
  EXPECT_THAT(message("[1]"), HasSubstr("expected one object of numbers"));
  EXPECT_THAT(message("7"), HasSubstr("expected one object of numbers"));
  EXPECT_THAT(message("{\"step\": 1, \"wall_time\": 2.0, \"a\": {\"b\": 1}}"), HasSubstr("expected one object"));
  EXPECT_THAT(message("{\"step\": 1, \"wall_time\": 2.0, \"a\": \"x\"}"), HasSubstr("expected one object"));
  EXPECT_THAT(message("{\"step\": 1, \"wall_time\": 2.0, \"a\": 1, \"a\": 2}"), HasSubstr("appears twice"));
  EXPECT_THAT(message("{\"step\": 1.5, \"wall_time\": 2.0}"), HasSubstr("step is missing or no whole number"));
  EXPECT_THAT(message("{\"step\": 1e300, \"wall_time\": 2.0}"), HasSubstr("step is missing or no whole number"));
  EXPECT_THAT(message("{\"step\": 1}"), HasSubstr("wall_time is missing"));

  const auto csv_message = [](const std::string& text) {
    return message_of<IoError>([&] { parse_progress_csv(text, "p"); });
  };
  EXPECT_TRUE(parse_progress_csv("", "p").steps.empty());
  EXPECT_THAT(csv_message("a,b\n"), HasSubstr("p: line 1: expected a column time/total_timesteps"));
  EXPECT_THAT(csv_message("time/total_timesteps,a,a\n"), HasSubstr("\"a\" is empty or there twice"));
  EXPECT_THAT(csv_message("time/total_timesteps,a\n1,2\n2\n"), HasSubstr("line 3: expected 2 columns, found 1"));
  EXPECT_THAT(csv_message("time/total_timesteps,a\n1,2\n,3\n"), HasSubstr("line 3: \"\" in column 1 is no whole"));
  EXPECT_THAT(csv_message("time/total_timesteps,a\n1,\x1bz\n"), HasSubstr("\"?z\" in column 2 is no number"));
}

TEST(MonitorCsv, EpisodesReadBack) {
  TempDir dir;
  MonitorCsv file(posix_file_system(), dir / "m", "Some-v0", 1000.0);
  file.write(-1.5, 200, 0.25);
  file.write(2.0, 17, 1.5);
  file.close();
  const std::string text = read_text(dir / "m");
  const std::vector<MonitorEpisode> expected = {{-1.5, 200, 0.25}, {2.0, 17, 1.5}};
  EXPECT_EQ(parse_monitor_episodes(text, "m"), expected);
  EXPECT_EQ(parse_monitor_episodes(text + "3.0,9", "m"), expected);
  EXPECT_TRUE(parse_monitor_episodes("", "m").empty());
  EXPECT_TRUE(parse_monitor_episodes("#{\"t_sta", "m").empty());
  EXPECT_THAT(message_of<IoError>([&] { parse_monitor_episodes("r,l,t\n", "m"); }), HasSubstr("not the header"));
  EXPECT_THAT(message_of<IoError>([&] { parse_monitor_episodes(text + "1,2\n", "m"); }),
              HasSubstr("m: line 5: expected 3 columns, found 2"));
}

}  // namespace
}  // namespace softac

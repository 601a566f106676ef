#include "formats/evaluations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>

#include "base/temp_dir.h"
#include "formats/npz.h"
#include "softac/error.h"
#include "support/fault_file_system.h"

namespace softac {
namespace {

using ::testing::HasSubstr;

void add(EvaluationLog& log, std::int64_t step, std::vector<double> returns, std::vector<std::int64_t> lengths) {
  log.add(step, returns, lengths);
}

TEST(EvaluationLog, WritesBothFiles) {
  TempDir dir;
  EvaluationLog log(posix_file_system(), dir.path());
  add(log, 100, {1.0, 2.0, 6.0}, {10, 20, 33});
  add(log, 200, {-0.5, -0.5, -0.5}, {1, 1, 1});
  log.save();
  EXPECT_EQ(read_text(dir / "evaluations.csv"),
            "timesteps,mean_reward,std_reward,min_reward,max_reward,mean_ep_length,episodes\n"
            "100,3,2.160246899469287,1,6,21,3\n"
            "200,-0.5,0,-0.5,-0.5,1,3\n");
  const Evaluations read = read_evaluations_npz(posix_file_system(), dir / "evaluations.npz");
  EXPECT_EQ(read, log.evaluations());
  EXPECT_EQ(read.num_episodes, 3);
  EXPECT_EQ(log.position(), 2u);
}

TEST(EvaluationsCsv, ReadsBack) {
  TempDir dir;
  EvaluationLog log(posix_file_system(), dir.path());
  add(log, 100, {1.0, 2.0, 6.5}, {10, 20, 33});
  add(log, 200, {-1e-300, 0.1, 3.0}, {1, 1, 1});
  const std::string text = evaluations_csv(log.evaluations());
  EXPECT_EQ(parse_evaluations_csv(text, "x"), evaluation_lines(log.evaluations()));
  EXPECT_EQ(parse_evaluations_csv(text + "300,1,", "x").size(), 2u);
}

TEST(EvaluationsCsv, GarbageIsNamedByItsLine) {
  const std::string header = "timesteps,mean_reward,std_reward,min_reward,max_reward,mean_ep_length,episodes\n";
  const auto message = [](const std::string& text) {
    return message_of<IoError>([&] { parse_evaluations_csv(text, "run/eval.csv"); });
  };
  EXPECT_THAT(message(""), HasSubstr("expected the header timesteps,mean_reward"));
  EXPECT_THAT(message("a,b\n"), HasSubstr("run/eval.csv: line 1: expected the header"));
  EXPECT_THAT(message(header + "1,2,3\n"), HasSubstr("line 2: expected 7 columns, found 3"));
  EXPECT_THAT(message(header + "1,2,0,2,2,5,1\n2,x,0,2,2,5,1\n"), HasSubstr("line 3: \"x\" in column 2 is no number"));
  EXPECT_THAT(message(header + "-1,2,0,2,2,5,1\n"), HasSubstr("\"-1\" in column 1 is no whole number"));
}

TEST(EvaluationLog, ResumedLogDropsWhatCameLater) {
  TempDir dir;
  EvaluationLog whole(posix_file_system(), dir.path());
  for (int i = 1; i <= 3; ++i) add(whole, 100 * i, {1.0 * i, 2.0 * i}, {i, i});
  whole.save();
  const std::string csv = read_text(dir / "evaluations.csv"), npz = read_text(dir / "evaluations.npz");

  EvaluationLog resumed(posix_file_system(), dir.path(), 1);
  EXPECT_EQ(resumed.position(), 1u);
  for (int i = 2; i <= 3; ++i) add(resumed, 100 * i, {1.0 * i, 2.0 * i}, {i, i});
  resumed.save();
  EXPECT_EQ(read_text(dir / "evaluations.csv"), csv);
  EXPECT_EQ(read_text(dir / "evaluations.npz"), npz);

  EXPECT_THAT(message_of<IoError>([&] { EvaluationLog(posix_file_system(), dir.path(), 4); }),
              HasSubstr("3 evaluations, expected at least 4"));
  EXPECT_EQ(EvaluationLog(posix_file_system(), dir.path(), 0).position(), 0u);
}

TEST(EvaluationLog, TheNumberOfEpisodesMayChange) {
  TempDir dir;
  EvaluationLog log(posix_file_system(), dir.path());
  EXPECT_THROW(add(log, 1, {}, {}), ContractError);
  EXPECT_THROW(add(log, 1, {1.0}, {1, 2}), ContractError);
  add(log, 1, {1.0}, {1});
  add(log, 2, {1.0, 2.0}, {1, 2});
  log.save();
  EvaluationLog resumed(posix_file_system(), dir.path(), 2);
  add(resumed, 3, {3.0}, {7});
  resumed.save();
  EXPECT_EQ(read_text(dir / "evaluations.csv"),
            "timesteps,mean_reward,std_reward,min_reward,max_reward,mean_ep_length,episodes\n"
            "1,1,0,1,1,1,1\n"
            "2,1.5,0.5,1,2,1.5,2\n"
            "3,3,0,3,3,7,1\n");
  const Evaluations read = read_evaluations_npz(posix_file_system(), dir / "evaluations.npz");
  EXPECT_EQ(read.num_episodes, 2);
  ASSERT_EQ(read.results.size(), 6u);
  EXPECT_TRUE(std::isnan(read.results[1]));
  EXPECT_TRUE(std::isnan(read.results[5]));
  EXPECT_EQ(read.ep_lengths, (std::vector<std::int64_t>{1, 0, 1, 2, 7, 0}));
}

TEST(EvaluationLog, FullDiskLeavesTheOldFiles) {
  TempDir dir;
  FaultFileSystem fs(posix_file_system());
  EvaluationLog log(fs, dir.path());
  add(log, 1, {1.0}, {1});
  log.save();
  add(log, 2, {2.0}, {2});
  fs.set_fault({.at = 0, .error = ENOSPC, .from_then_on = true, .only = "write", .short_write = 0.5});
  EXPECT_THROW(log.save(), DiskError);
  EXPECT_EQ(read_evaluations_npz(posix_file_system(), dir / "evaluations.npz").timesteps, std::vector<std::int64_t>{1});
}

TEST(Evaluations, RefusesArraysThatDoNotBelongTogether) {
  TempDir dir;
  const auto error = [&](const NpzFile& file) {
    write_npz(posix_file_system(), dir / "e.npz", file);
    return message_of<IoError>([&] { read_evaluations_npz(posix_file_system(), dir / "e.npz"); });
  };
  const Tensor steps{TensorType::i64, {1}, std::vector<std::byte>(8)};
  const Tensor results{TensorType::f64, {1, 1}, std::vector<std::byte>(8)};
  const Tensor lengths{TensorType::i64, {1, 1}, std::vector<std::byte>(8)};
  EXPECT_THAT(error({{"timesteps", steps}, {"results", results}}), HasSubstr("no array ep_lengths"));
  EXPECT_THAT(error({{"timesteps", steps}, {"results", lengths}, {"ep_lengths", lengths}}), HasSubstr("type I64"));
  EXPECT_THAT(error({{"timesteps", lengths}, {"results", results}, {"ep_lengths", lengths}}),
              HasSubstr("expected I64 with 1"));
  const Tensor longer{TensorType::i64, {2}, std::vector<std::byte>(16)};
  EXPECT_THAT(error({{"timesteps", longer}, {"results", results}, {"ep_lengths", lengths}}),
              HasSubstr("there are 2 timesteps"));
}

}  // namespace
}  // namespace softac

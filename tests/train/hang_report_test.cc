// What the watching thread does while the training thread runs: run under ThreadSanitizer by ./test --sanitize.
#include "train/hang_report.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/point_env.h"

namespace softac::test {
namespace {

TEST(HangReport, IsWrittenWhileTrainingGoesOn) {
  TempDir dir;
  std::atomic<int> heard = 0;
  HangReport report(1000, [&](const std::string& text) {
    EXPECT_EQ(text, "env 0 hangs");
    ++heard;
  });
  report.report("env 0 hangs");  // no run directory yet
  std::thread watching([&] {
    while (heard < 20) report.report("env 0 hangs");
  });
  const auto run =
      std::make_shared<RunDir>(posix_file_system(), (dir / "run").string(), "", point_config(), wall_time());
  report.set_run_dir(run);
  for (std::int64_t step = 1; heard < 20; ++step) report.set_step(step % 1000);
  watching.join();
  report.set_step(77);
  report.report("env 0 hangs");
  const auto status = nlohmann::json::parse(std::ifstream(dir / "run" / "status.json"));
  EXPECT_EQ(status["state"], "failed");
  EXPECT_EQ(status["step"], 77);
  EXPECT_EQ(status["message"], "env 0 hangs");
}

}  // namespace
}  // namespace softac::test

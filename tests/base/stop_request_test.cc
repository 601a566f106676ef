// Signals and time limits as loops see them.
#include "base/stop_request.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace softac::test {
namespace {

TEST(StopRequest, NeverAsksByItself) {
  const StopRequest none;
  EXPECT_FALSE(none.asked());
  const std::atomic<int> signal{0};
  EXPECT_FALSE(StopRequest(&signal).asked());
  EXPECT_FALSE(StopRequest(&signal, 1e12).asked());
}

TEST(StopRequest, ASignalAsks) {
  std::atomic<int> signal{0};
  const StopRequest stop(&signal, 1e12), copy = stop;
  signal = 15;
  EXPECT_TRUE(stop.asked() && copy.asked());
  EXPECT_FALSE(stop.time_is_over());
  EXPECT_EQ(stop.signal(), 15);
  const StoppedError error = stop.error("after 1 of 2");
  EXPECT_STREQ(error.what(), "stopped by signal 15 after 1 of 2");
  EXPECT_EQ(error.signal(), 15);
}

TEST(StopRequest, ATimeLimitAsks) {
  const StopRequest stop(nullptr, 1e-3);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_TRUE(stop.time_is_over() && stop.asked());
  EXPECT_STREQ(stop.error("after 1 of 2").what(), "stopped by its time limit after 1 of 2");
  EXPECT_EQ(stop.error("").signal(), 0);
}

}  // namespace
}  // namespace softac::test

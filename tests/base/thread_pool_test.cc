#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace softac {
namespace {

class ThreadPoolSizes : public ::testing::TestWithParam<int> {};

TEST_P(ThreadPoolSizes, RunsEveryPartOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.num_threads(), GetParam());
  for (const int num_parts : {0, 1, 2, 3, 7, 64, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(num_parts));
    pool.run(num_parts, [&](int part) { runs.at(static_cast<std::size_t>(part)).fetch_add(1); });
    for (const auto& count : runs) ASSERT_EQ(count.load(), 1);
  }
}

// Jobs follow each other without a pause, with different bodies and sizes: no part may leak into the next job, and what
// a part wrote must be visible to the caller without any lock.
TEST_P(ThreadPoolSizes, ManyShortJobsInARow) {
  ThreadPool pool(GetParam());
  std::vector<std::int64_t> plain(16, 0);
  std::int64_t expected = 0;
  for (int job = 0; job < 5000; ++job) {
    const int num_parts = 1 + job % 16;
    pool.run(num_parts, [&, job](int part) { plain[static_cast<std::size_t>(part)] += job + part; });
    for (int part = 0; part < num_parts; ++part) expected += job + part;
  }
  std::int64_t sum = 0;
  for (const std::int64_t value : plain) sum += value;
  EXPECT_EQ(sum, expected);
}

// A worker that comes late to a small job must not take a part of the larger one that is just being set up.
TEST_P(ThreadPoolSizes, SmallAndLargeJobsInTurn) {
  ThreadPool pool(GetParam());
  std::atomic<int> num_parts{0}, num_strangers{0};
  constexpr int kJobs = 20'000;
  std::vector<int> counts(64, 0);
  for (int job = 0; job < kJobs; ++job) {
    const int parts = job % 2 == 0 ? 2 : 64;
    num_parts.store(parts);
    pool.run(parts, [&, parts](int part) {
      if (part >= parts || num_parts.load() != parts) num_strangers.fetch_add(1);
      ++counts[static_cast<std::size_t>(part)];
      if (part == 0) std::this_thread::yield();  // time for the other threads to take part
    });
  }
  EXPECT_EQ(num_strangers.load(), 0);
  for (std::size_t part = 0; part < counts.size(); ++part)
    ASSERT_EQ(counts[part], part < 2 ? kJobs : kJobs / 2) << part;
}

TEST_P(ThreadPoolSizes, WakesWorkersThatHaveGoneToSleep) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::atomic<int> count{0};
    pool.run(20, [&](int) { count.fetch_add(1); });
    EXPECT_EQ(count.load(), 20);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ThreadPoolSizes,
                         ::testing::Values(1, 2, 3, 8));  // 8: more threads than many machines have

TEST(ThreadPool, WorkIsReallyShared) {
  ThreadPool pool(2);
  // Two parts that wait for each other end only if two threads run them.
  std::atomic<int> arrived{0};
  pool.run(2, [&](int) {
    arrived.fetch_add(1);
    while (arrived.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived.load(), 2);
}

TEST(ThreadPool, CallersMayChangeBetweenJobs) {
  ThreadPool pool(3);
  std::vector<int> values(30, 0);
  for (int caller = 0; caller < 10; ++caller) {
    std::thread([&] { pool.run(30, [&](int part) { ++values[static_cast<std::size_t>(part)]; }); }).join();
  }
  for (const int value : values) EXPECT_EQ(value, 10);
}

TEST(ThreadPool, StartsAndStopsWithoutWork) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(4);
  EXPECT_GE(ThreadPool(0).num_threads(), 1);
}

}  // namespace
}  // namespace softac

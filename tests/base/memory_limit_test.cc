// Available memory from made-up /proc and /sys trees, and from the real ones.
#include "base/memory_limit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <limits>

namespace softac::test {
namespace {

class MemoryLimit : public testing::Test {
 protected:
  void SetUp() override {
    const char* name = testing::UnitTest::GetInstance()->current_test_info()->name();
    root_ = std::filesystem::path(testing::TempDir()) / ("memory_limit_" + std::to_string(getpid()) + "_" + name);
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void put(const char* path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::uint64_t available() { return available_memory(root_); }
  std::filesystem::path root_;
};

TEST_F(MemoryLimit, TakesMemAvailable) {
  put("proc/meminfo", "MemTotal:        1000 kB\nMemFree:         10 kB\nMemAvailable:     500 kB\n");
  EXPECT_EQ(available(), 500u * 1024);
}

TEST_F(MemoryLimit, TakesTheLeastOfAllParentsOfAVersion2Group) {
  put("proc/meminfo", "MemAvailable: 1000000 kB\n");
  put("proc/self/cgroup", "0::/a/b\n");
  put("sys/fs/cgroup/a/memory.max", "2000000\n");
  put("sys/fs/cgroup/a/memory.current", "1500000\n");
  put("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 300000\n");
  put("sys/fs/cgroup/a/b/memory.max", "max\n");
  put("sys/fs/cgroup/a/b/memory.current", "1500000\n");
  EXPECT_EQ(available(), 2000000u - 1200000u);
}

TEST_F(MemoryLimit, TakesAVersion1Group) {
  put("proc/meminfo", "MemAvailable: 1000000 kB\n");
  put("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/job\n");
  put("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "700000\n");
  put("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "800000\n");
  EXPECT_EQ(available(), 0u);  // over its limit already
}

TEST_F(MemoryLimit, UnknownIsUnlimited) {
  EXPECT_EQ(available(), std::numeric_limits<std::uint64_t>::max());
}

TEST_F(MemoryLimit, ThisMachineHasSome) {
  EXPECT_GT(available_memory(), 1u << 20);
  EXPECT_LT(available_memory(), std::uint64_t{1} << 60);
}

TEST(ZeroPages, AreZeroAndCanMove) {
  ZeroPages a(1 << 20);
  auto* bytes = static_cast<unsigned char*>(a.data());
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[(1 << 20) - 1], 0);
  bytes[5] = 7;
  ZeroPages b(std::move(a));
  EXPECT_EQ(static_cast<unsigned char*>(b.data())[5], 7);
  EXPECT_EQ(a.data(), nullptr);
}

}  // namespace
}  // namespace softac::test

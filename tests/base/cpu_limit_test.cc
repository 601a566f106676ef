// CPU quotas of control groups, from made-up /proc and /sys trees.
#include "base/cpu_limit.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"

namespace softac::test {
namespace {

class CpuLimit : public testing::Test {
 protected:
  void put(const char* path, const std::string& text) {
    std::filesystem::create_directories((dir_ / path).parent_path());
    std::ofstream(dir_ / path) << text;
  }
  int quota() { return cpu_quota(dir_.path()); }
  TempDir dir_;
};

TEST_F(CpuLimit, TakesTheLeastOfAllParentsOfAVersion2Group) {
  put("proc/self/cgroup", "0::/a/b\n");
  put("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 2);
  put("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 2) << "part of a processor is one";
  put("sys/fs/cgroup/a/b/cpu.max", "1000 100000\n");
  EXPECT_EQ(quota(), 1);
  put("sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 2);
}

TEST_F(CpuLimit, TakesAVersion1Group) {
  put("proc/self/cgroup", "5:cpu,cpuacct:/job\n4:memory:/job\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 0);
  put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "400000\n");
  put("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 4);
}

TEST_F(CpuLimit, WhatCannotBeReadIsNoLimit) {
  EXPECT_EQ(quota(), 0);
  put("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(quota(), 0);
  for (const char* text : {"", "nonsense", "0 0\n", "100000\n", "max\n"}) {
    put("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(quota(), 0) << text;
  }
}

TEST_F(CpuLimit, ThisMachineHasSome) {
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), 1 << 20);
}

}  // namespace
}  // namespace softac::test

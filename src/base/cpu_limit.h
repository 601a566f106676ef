// How many processors this process may keep busy.
#pragma once

#include <filesystem>

namespace softac {

// The CPU time that the process's control groups allow it (v2 cpu.max, v1 cpu.cfs_quota_us, all parents included), in
// processors, rounded up; 0 without a limit. `root` stands before /proc and /sys, for tests.
int cpu_quota(const std::filesystem::path& root = "/");

// The processors that it may run on (affinity), at most its quota. At least 1. Looked up once.
int usable_cores();

}  // namespace softac

// The POSIX implementation of FileSystem, over three system calls that a test can replace.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>

#include "base/file_system.h"

namespace softac {

// As the system calls of the same names: −1 and errno on failure.
struct PosixCalls {
  std::function<ssize_t(int fd, const void* data, std::size_t size)> write;
  std::function<ssize_t(int fd, void* data, std::size_t size, off_t offset)> pread;
  std::function<int(int fd)> fsync;
};

PosixCalls system_calls();
std::unique_ptr<FileSystem> make_posix_file_system(PosixCalls calls);

// Whether a FileLock on this file is held, by any process. Looking makes no file and stops no other look; a lock() at
// the same moment may fail, which whoever needs the lock tries again. False where there is no such file; IoError where
// it cannot be told.
bool is_locked(const Path& path);

}  // namespace softac

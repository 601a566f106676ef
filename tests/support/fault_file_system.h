// A file system for tests: passes everything on to another one, counts the operations and fails the chosen ones.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace softac {

// When the count-th operation (from 0, of those that `only` names) fails, and how.
struct Fault {
  std::int64_t at = -1;       // index of the operation to fail; −1 = none
  int error = 0;              // errno value, e.g. ENOSPC
  bool from_then_on = false;  // all later operations fail as well: a full disk, or a crash
  std::string only;           // count and fail only operations of this name; empty = all
  double short_write = 0.0;   // a failing write first writes this fraction of its bytes
};

// Operation names: open_write, write, sync, close, open_read, read, list, size, make_directories, rename, remove,
// truncate, sync_directory, lock. kind() never fails and does not count. Safe to use from several threads.
class FaultFileSystem : public FileSystem {
 public:
  explicit FaultFileSystem(FileSystem& base) : base_(base) {}

  void set_fault(const Fault& fault);           // and counts from 0 again
  std::int64_t num_operations() const;          // counted since set_fault()
  std::vector<std::string> operations() const;  // "write PATH" …, in order, since set_fault()

  std::unique_ptr<WritableFile> open_write(const Path& path, WriteMode mode) override;
  std::unique_ptr<ReadableFile> open_read(const Path& path) override;
  FileKind kind(const Path& path, bool follow_links) override;
  std::uint64_t size(const Path& path) override;
  std::vector<std::string> list(const Path& dir) override;
  void make_directories(const Path& dir) override;
  void rename(const Path& from, const Path& to) override;
  void remove(const Path& path) override;
  void truncate(const Path& path, std::uint64_t size) override;
  void sync_directory(const Path& dir) override;
  std::unique_ptr<FileLock> lock(const Path& path) override;

 private:
  friend class FaultWritableFile;
  friend class FaultReadableFile;
  bool hit(const char* operation, const Path& path);  // counts; true if this one is to fail
  void before_write(const char* operation, const Path& path);
  void before_read(const char* operation, const Path& path);

  FileSystem& base_;
  mutable std::mutex mutex_;
  Fault fault_;
  std::int64_t count_ = 0;
  std::vector<std::string> operations_;
};

}  // namespace softac

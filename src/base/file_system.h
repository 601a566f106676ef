// Every access to files goes through this interface, so that tests can inject faults into any operation.
//
// Errors: an operation that writes throws DiskError when the disk is full or failing (ENOSPC, EDQUOT, EFBIG, EIO,
// EROFS, ENODEV, ENXIO) and IoError otherwise; an operation that reads throws IoError. The message names the path, the
// operation and the system's reason. Short writes and EINTR are handled; a failed fsync is never tried again, since the
// kernel may have dropped the pages that it could not write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "softac/error.h"

namespace softac {

using Path = std::filesystem::path;

// A file open for writing at its end. The destructor closes silently; call close() to hear of errors.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  virtual void write(std::span<const std::byte> bytes) = 0;  // all of them
  virtual void sync() = 0;                                   // data and size are on the device when it returns
  virtual void close() = 0;                                  // afterwards only the destructor may be called

  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
};

// A file open for reading at any offset.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  virtual std::uint64_t size() const = 0;
  // Fills bytes from offset on; IoError if the file ends before.
  virtual void read_at(std::uint64_t offset, std::span<std::byte> bytes) = 0;
};

// Another holder has the lock.
class LockHeldError : public IoError {
 public:
  using IoError::IoError;
};

// Held from FileSystem::lock() to destruction, or to the end of the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class WriteMode {
  truncate,    // a new file, or an old one emptied
  create_new,  // IoError if the path exists
  append,      // at the end of the file, which is made if missing
};

enum class FileKind { missing, file, directory, link, other };

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual std::unique_ptr<WritableFile> open_write(const Path& path, WriteMode mode) = 0;
  virtual std::unique_ptr<ReadableFile> open_read(const Path& path) = 0;

  virtual FileKind kind(const Path& path, bool follow_links = true) = 0;  // missing also below a missing directory
  virtual std::uint64_t size(const Path& path) = 0;                       // of a regular file, bytes
  virtual std::vector<std::string> list(const Path& dir) = 0;             // names without "." and "..", sorted

  virtual void make_directories(const Path& dir) = 0;  // with all parents, durable; no error if it exists
  // Replaces a file at `to` atomically; IoError where it is a device or a pipe, which would be gone for everybody.
  virtual void rename(const Path& from, const Path& to) = 0;
  virtual void remove(const Path& path) = 0;  // a file or an empty directory, which must exist
  virtual void truncate(const Path& path,
                        std::uint64_t size) = 0;     // cuts a file that is at least that long, else IoError
  virtual void sync_directory(const Path& dir) = 0;  // makes names created, renamed and removed in it durable

  // Takes an exclusive lock on the file (made if missing) or throws LockHeldError at once if another holder has it.
  virtual std::unique_ptr<FileLock> lock(const Path& path) = 0;

  bool exists(const Path& path) { return kind(path, false) != FileKind::missing; }
  bool is_directory(const Path& path) { return kind(path) == FileKind::directory; }
  // The whole file. IoError if it is longer than max_bytes, before anything of its size is allocated.
  std::vector<std::byte> read_file(const Path& path, std::uint64_t max_bytes);
  std::string read_text(const Path& path, std::uint64_t max_bytes);
};

// The file system of the operating system. Stateless, safe to use from several threads.
FileSystem& posix_file_system();

// Removes a file or a directory with all that it holds; a missing path is no error. Does not follow symbolic links.
void remove_tree(FileSystem& fs, const Path& path);

// Throws what FileSystem promises for `operation` on `path` failing with errno value `error`.
[[noreturn]] void throw_write_error(const Path& path, std::string_view operation, int error);
[[noreturn]] void throw_read_error(const Path& path, std::string_view operation, int error);

}  // namespace softac

#include "base/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "softac/error.h"

namespace softac {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Never 0, 1 or 2: where one of these is closed, what anybody prints would land in the file.
int open_retrying(const Path& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int above = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  ::close(fd);
  errno = error;
  return above;
}

// Which file a descriptor is of. Other code in the process may close a descriptor, and the number then becomes that of
// a file of its own, into which nothing may be written.
struct FileIdentity {
  explicit FileIdentity(int fd) {
    struct stat status {};
    known = ::fstat(fd, &status) == 0;
    device = status.st_dev;
    inode = status.st_ino;
  }
  bool operator==(const FileIdentity&) const = default;

  bool known;
  dev_t device;
  ino_t inode;
};

// Calls fsync until it is not interrupted; any other failure is final.
int sync_descriptor(const PosixCalls& calls, int fd) {
  int result;
  do {
    result = calls.fsync(fd);
  } while (result != 0 && errno == EINTR);
  return result;
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(const PosixCalls& calls, Path path, Descriptor fd)
      : calls_(calls), path_(std::move(path)), fd_(std::move(fd)), identity_(fd_.get()) {}
  ~PosixWritableFile() override {
    if (fd_.get() >= 0 && !is_ours()) fd_.release();
  }

  using WritableFile::write;
  void write(std::span<const std::byte> bytes) override {
    SOFTAC_REQUIRE(fd_.get() >= 0, path_);
    check_ours();
    while (!bytes.empty()) {
      const ssize_t count = calls_.write(fd_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw_write_error(path_, "write", count < 0 ? errno : EIO);
      bytes = bytes.subspan(count);
    }
  }

  void sync() override {
    SOFTAC_REQUIRE(fd_.get() >= 0, path_);
    check_ours();
    if (sync_error_ == 0 && sync_descriptor(calls_, fd_.get()) != 0) sync_error_ = errno;
    if (sync_error_ != 0) throw_write_error(path_, "sync", sync_error_);
  }

  void close() override {
    SOFTAC_REQUIRE(fd_.get() >= 0, path_);
    check_ours();
    // On Linux the descriptor is gone even if close is interrupted, so it is never called again.
    if (::close(fd_.release()) != 0 && errno != EINTR) throw_write_error(path_, "close", errno);
  }

 private:
  bool is_ours() const { return FileIdentity(fd_.get()) == identity_; }
  void check_ours() {
    if (is_ours()) return;
    fd_.release();
    throw IoError("cannot write " + path_.string() +
                  ": other code in this process, such as an environment, closed its descriptor");
  }

  const PosixCalls& calls_;
  Path path_;
  Descriptor fd_;
  const FileIdentity identity_;
  int sync_error_ = 0;
};

class PosixReadableFile : public ReadableFile {
 public:
  PosixReadableFile(const PosixCalls& calls, Path path, Descriptor fd, std::uint64_t size)
      : calls_(calls), path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  std::uint64_t size() const override { return size_; }

  void read_at(std::uint64_t offset, std::span<std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = calls_.pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw_read_error(path_, "read", errno);
      if (count == 0) {
        throw IoError("cannot read " + path_.string() + ": it ends at byte " + std::to_string(offset) + ", expected " +
                      std::to_string(bytes.size()) + " more");
      }
      offset += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(count);
    }
  }

 private:
  const PosixCalls& calls_;
  Path path_;
  Descriptor fd_;
  std::uint64_t size_;
};

class PosixFileLock : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)), identity_(fd_.get()) {}
  ~PosixFileLock() override {
    // Said, not left to the close: a process that an environment forked has the descriptor too.
    if (FileIdentity(fd_.get()) == identity_)
      ::flock(fd_.get(), LOCK_UN);
    else
      fd_.release();
  }

 private:
  Descriptor fd_;
  const FileIdentity identity_;
};

class PosixFileSystem : public FileSystem {
 public:
  explicit PosixFileSystem(PosixCalls calls) : calls_(std::move(calls)) {}

  std::unique_ptr<WritableFile> open_write(const Path& path, WriteMode mode) override {
    const int flags = mode == WriteMode::truncate ? O_TRUNC : mode == WriteMode::create_new ? O_EXCL : O_APPEND;
    Descriptor fd(open_retrying(path, O_WRONLY | O_CREAT | flags));
    if (fd.get() < 0) throw_write_error(path, "open for writing", errno);
    return std::make_unique<PosixWritableFile>(calls_, path, std::move(fd));
  }

  std::unique_ptr<ReadableFile> open_read(const Path& path) override {
    Descriptor fd(open_retrying(path, O_RDONLY | O_NONBLOCK));  // O_NONBLOCK: a pipe must not hang the open
    if (fd.get() < 0) throw_read_error(path, "open", errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) throw_read_error(path, "open", errno);
    if (!S_ISREG(status.st_mode)) throw IoError("cannot open " + path.string() + ": not a regular file");
    return std::make_unique<PosixReadableFile>(calls_, path, std::move(fd), static_cast<std::uint64_t>(status.st_size));
  }

  FileKind kind(const Path& path, bool follow_links) override {
    struct stat status {};
    if ((follow_links ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status)) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return FileKind::missing;
      throw_read_error(path, "examine", errno);
    }
    if (S_ISREG(status.st_mode)) return FileKind::file;
    if (S_ISDIR(status.st_mode)) return FileKind::directory;
    return S_ISLNK(status.st_mode) ? FileKind::link : FileKind::other;
  }

  std::uint64_t size(const Path& path) override { return open_read(path)->size(); }

  std::vector<std::string> list(const Path& dir) override {
    DIR* stream = ::opendir(dir.c_str());
    if (stream == nullptr) throw_read_error(dir, "list", errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, ::closedir);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (entry == nullptr) {
        if (errno != 0) throw_read_error(dir, "list", errno);
        break;
      }
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void make_directories(const Path& dir) override {
    if (dir.empty() || is_directory(dir)) return;
    make_directories(dir.parent_path());
    if (dir.filename().empty()) return;  // "a/" after "a"
    if (::mkdir(dir.c_str(), 0777) != 0) {
      const int error = errno;
      if (error == EEXIST && is_directory(dir)) return;  // another process was faster
      throw_write_error(dir, "make directory", error);
    }
    sync_directory(dir.parent_path());
  }

  void rename(const Path& from, const Path& to) override {
    if (kind(to, true) == FileKind::other) throw IoError("cannot replace " + to.string() + ": not a regular file");
    if (::rename(from.c_str(), to.c_str()) != 0) throw_write_error(to, "rename " + from.string() + " to", errno);
  }

  void remove(const Path& path) override {
    if (::remove(path.c_str()) != 0) throw_write_error(path, "remove", errno);
  }

  void truncate(const Path& path, std::uint64_t new_size) override {
    const std::uint64_t old_size = size(path);
    if (old_size < new_size) {
      throw IoError("cannot truncate " + path.string() + ": it has " + std::to_string(old_size) +
                    " bytes, expected at least " + std::to_string(new_size));
    }
    int result;
    do {
      result = ::truncate(path.c_str(), static_cast<off_t>(new_size));
    } while (result != 0 && errno == EINTR);
    if (result != 0) throw_write_error(path, "truncate", errno);
  }

  void sync_directory(const Path& dir) override {
    const Path name = dir.empty() ? Path(".") : dir;
    const Descriptor fd(open_retrying(name, O_RDONLY | O_DIRECTORY));
    if (fd.get() < 0) throw_write_error(name, "open directory", errno);
    // Some file systems cannot sync directories and say EINVAL; there is nothing more to be done then.
    if (sync_descriptor(calls_, fd.get()) != 0 && errno != EINVAL) throw_write_error(name, "sync directory", errno);
  }

  std::unique_ptr<FileLock> lock(const Path& path) override {
    Descriptor fd(open_retrying(path, O_RDWR | O_CREAT));
    if (fd.get() < 0) throw_write_error(path, "open for locking", errno);
    int result;
    do {
      result = ::flock(fd.get(), LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK)
      throw LockHeldError("cannot lock " + path.string() + ": another process holds it");
    if (result != 0) throw_write_error(path, "lock", errno);
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

 private:
  const PosixCalls calls_;
};

}  // namespace

PosixCalls system_calls() {
  return {::write, ::pread, ::fsync};
}

std::unique_ptr<FileSystem> make_posix_file_system(PosixCalls calls) {
  return std::make_unique<PosixFileSystem>(std::move(calls));
}

bool is_locked(const Path& path) {
  const Descriptor fd(open_retrying(path, O_RDONLY | O_NONBLOCK));
  if (fd.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return false;
  if (fd.get() < 0) throw_read_error(path, "open", errno);
  int result;
  do {
    result = ::flock(fd.get(), LOCK_SH | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EWOULDBLOCK) throw_read_error(path, "look at the lock of", errno);
  return result != 0;
}

FileSystem& posix_file_system() {
  static PosixFileSystem instance(system_calls());
  return instance;
}

}  // namespace softac

#include "base/file_system.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/posix_file_system.h"
#include "base/temp_dir.h"
#include "softac/error.h"
#include "support/fault_file_system.h"

namespace softac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FileSystem& fs() {
  return posix_file_system();
}

TEST(FileSystem, WritesAppendsReads) {
  TempDir dir;
  const Path path = dir / "a";
  write_text(path, "one");
  EXPECT_EQ(read_text(path), "one");
  {
    const auto file = fs().open_write(path, WriteMode::append);
    file->write(" two");
    file->write("");
    file->sync();
    file->close();
  }
  EXPECT_EQ(read_text(path), "one two");
  EXPECT_EQ(fs().size(path), 7u);
  write_text(path, "x");
  EXPECT_EQ(read_text(path), "x");
  write_text(path, "");
  EXPECT_EQ(read_text(path), "");
}

TEST(FileSystem, CreateNewRefusesAnExistingFile) {
  TempDir dir;
  const Path path = dir / "a";
  fs().open_write(path, WriteMode::create_new)->close();
  EXPECT_THAT(message_of<IoError>([&] { fs().open_write(path, WriteMode::create_new); }), HasSubstr(path.string()));
}

// Where standard input, output or error is closed, no file gets its number.
TEST(FileSystemDeathTest, NoFileGetsTheNumberOfAStandardStream) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  TempDir dir;
  const auto write_with_closed = [&] {
    for (int fd = 0; fd <= 2; ++fd) ::close(fd);
    const auto file = fs().open_write(dir / "a", WriteMode::truncate);
    const auto lock = fs().lock(dir / "b");
    int open = 0;
    for (int fd = 0; fd <= 2; ++fd) open += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
    file->write("text");
    file->close();
    std::_Exit(open);
  };
  EXPECT_EXIT(write_with_closed(), ::testing::ExitedWithCode(0), "");
}

// Other code of the process closes every descriptor that it can find, and opens files of its own.
TEST(FileSystem, WritesIntoNoFileButItsOwn) {
  TempDir dir;
  const auto file = fs().open_write(dir / "a", WriteMode::truncate);
  file->write("one");
  int number = -1;
  for (int fd = 3; fd < 1024 && number < 0; ++fd) {
    std::array<char, 4096> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (::readlink(link.c_str(), target.data(), target.size() - 1) > 0 && target.data() == (dir / "a").string())
      number = fd;
  }
  ASSERT_GE(number, 3);
  write_text(dir / "b", "");
  const int other = ::open((dir / "b").c_str(), O_WRONLY);
  ::dup2(other, number);
  ::close(other);
  EXPECT_THAT(message_of<IoError>([&] { file->write("two"); }), HasSubstr("closed its descriptor"));
  EXPECT_EQ(::close(number), 0) << "the other file's descriptor was left alone";
  EXPECT_EQ(read_text(dir / "a"), "one");
  EXPECT_EQ(read_text(dir / "b"), "");
}

TEST(FileSystem, ALockEndsWithItsHolderWhoeverElseHasTheDescriptor) {
  TempDir dir;
  auto lock = fs().lock(dir / "a");
  EXPECT_THROW(fs().lock(dir / "a"), LockHeldError);
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  lock.reset();
  EXPECT_NO_THROW(fs().lock(dir / "a"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(FileSystem, ReadsAtOffsets) {
  TempDir dir;
  write_text(dir / "a", "0123456789");
  const auto file = fs().open_read(dir / "a");
  EXPECT_EQ(file->size(), 10u);
  std::string part(4, '\0');
  file->read_at(3, std::as_writable_bytes(std::span(part)));
  EXPECT_EQ(part, "3456");
  EXPECT_THAT(message_of<IoError>([&] { file->read_at(7, std::as_writable_bytes(std::span(part))); }),
              HasSubstr("ends at byte 10, expected 1 more"));
}

TEST(FileSystem, MissingFileNamesPathOperationAndReason) {
  TempDir dir;
  const std::string message = message_of<IoError>([&] { fs().open_read(dir / "none"); });
  EXPECT_EQ(message, "cannot open " + (dir / "none").string() + ": No such file or directory");
  EXPECT_THAT(message_of<IoError>([&] { fs().open_write(dir / "none/below", WriteMode::truncate); }),
              HasSubstr("No such"));
  EXPECT_THAT(message_of<IoError>([&] { fs().remove(dir / "none"); }), HasSubstr("cannot remove"));
  EXPECT_THAT(message_of<IoError>([&] { fs().list(dir / "none"); }), HasSubstr("cannot list"));
  EXPECT_THAT(message_of<IoError>([&] { fs().rename(dir / "none", dir / "b"); }), HasSubstr("cannot rename"));
  EXPECT_THAT(message_of<IoError>([&] { fs().size(dir / "none"); }), HasSubstr("No such file"));
}

TEST(FileSystem, ReadRefusesWhatIsNoRegularFile) {
  TempDir dir;
  EXPECT_THAT(message_of<IoError>([&] { fs().open_read(dir.path()); }), HasSubstr("not a regular file"));
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(message_of<IoError>([&] { fs().open_read(dir / "pipe"); }), HasSubstr("not a regular file"));
  EXPECT_EQ(fs().kind(dir / "pipe"), FileKind::other);
}

TEST(FileSystem, ReadIsCapped) {
  TempDir dir;
  write_text(dir / "a", "12345");
  EXPECT_EQ(fs().read_file(dir / "a", 5).size(), 5u);
  EXPECT_THAT(message_of<IoError>([&] { fs().read_file(dir / "a", 4); }), HasSubstr("5 bytes, expected at most 4"));
  // A sparse file of 1 TiB must be refused before memory is asked for.
  ASSERT_EQ(::truncate((dir / "a").c_str(), off_t{1} << 40), 0);
  EXPECT_THROW(fs().read_file(dir / "a", 1u << 20), IoError);
}

TEST(FileSystem, DirectoriesKindsAndLists) {
  TempDir dir;
  EXPECT_FALSE(fs().exists(dir / "x"));
  fs().make_directories(dir / "x/y/z/");
  fs().make_directories(dir / "x/y/z");
  EXPECT_TRUE(fs().is_directory(dir / "x/y/z"));
  write_text(dir / "x/b", "");
  write_text(dir / "x/a", "");
  ASSERT_EQ(::symlink("y", (dir / "x/link").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", (dir / "x/dangling").c_str()), 0);
  EXPECT_THAT(fs().list(dir / "x"), ElementsAre("a", "b", "dangling", "link", "y"));
  EXPECT_EQ(fs().kind(dir / "x/a"), FileKind::file);
  EXPECT_EQ(fs().kind(dir / "x/a/b"), FileKind::missing);
  EXPECT_EQ(fs().kind(dir / "x/link", false), FileKind::link);
  EXPECT_TRUE(fs().is_directory(dir / "x/link"));
  EXPECT_TRUE(fs().exists(dir / "x/dangling"));
  EXPECT_THROW(fs().make_directories(dir / "x/a"), IoError);  // a file is in the way
  EXPECT_THROW(fs().remove(dir / "x"), IoError);              // not empty
  fs().sync_directory(dir / "x");
}

TEST(FileSystem, RemoveTreeDoesNotFollowLinks) {
  TempDir dir;
  fs().make_directories(dir / "kept");
  write_text(dir / "kept/file", "k");
  fs().make_directories(dir / "gone/deep");
  write_text(dir / "gone/deep/file", "g");
  ASSERT_EQ(::symlink("../../kept", (dir / "gone/deep/link").c_str()), 0);
  remove_tree(fs(), dir / "gone");
  EXPECT_FALSE(fs().exists(dir / "gone"));
  EXPECT_EQ(read_text(dir / "kept/file"), "k");
  remove_tree(fs(), dir / "gone");  // no error
}

TEST(FileSystem, RenameReplaces) {
  TempDir dir;
  write_text(dir / "a", "new");
  write_text(dir / "b", "old");
  fs().rename(dir / "a", dir / "b");
  EXPECT_EQ(read_text(dir / "b"), "new");
  EXPECT_FALSE(fs().exists(dir / "a"));
}

TEST(FileSystem, TruncateCutsAndNeverGrows) {
  TempDir dir;
  write_text(dir / "a", "12345");
  fs().truncate(dir / "a", 5);
  fs().truncate(dir / "a", 2);
  EXPECT_EQ(read_text(dir / "a"), "12");
  EXPECT_THAT(message_of<IoError>([&] { fs().truncate(dir / "a", 3); }), HasSubstr("2 bytes, expected at least 3"));
}

TEST(FileSystem, LockIsExclusiveUntilReleased) {
  TempDir dir;
  EXPECT_FALSE(is_locked(dir / "lock"));
  EXPECT_FALSE(fs().exists(dir / "lock"));
  auto held = fs().lock(dir / "lock");
  EXPECT_TRUE(is_locked(dir / "lock"));
  EXPECT_THAT(message_of<IoError>([&] { fs().lock(dir / "lock"); }), HasSubstr("another process holds it"));
  held.reset();
  EXPECT_NE(fs().lock(dir / "lock"), nullptr);
}

TEST(FileSystem, FullDeviceIsADiskError) {
  const auto file = fs().open_write("/dev/full", WriteMode::append);
  EXPECT_EQ(message_of<DiskError>([&] { file->write("x"); }), "cannot write /dev/full: No space left on device");
}

TEST(FileSystem, FileSizeLimitIsADiskError) {
  TempDir dir;
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto file = fs().open_write(dir / "a", WriteMode::truncate);
  const std::string message = message_of<DiskError>([&] { file->write(std::string(1500, 'x')); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_EQ(fs().size(dir / "a"), 1000u);  // the short write before the refusal
}

TEST(PosixFileSystem, GoesOnAfterShortAndInterruptedCalls) {
  TempDir dir;
  PosixCalls calls = system_calls();
  int count = 0;
  calls.write = [&](int fd, const void* data, std::size_t size) -> ssize_t {
    if (count++ % 2 == 0) return errno = EINTR, -1;
    return ::write(fd, data, std::min<std::size_t>(size, 3));
  };
  calls.pread = [&](int fd, void* data, std::size_t size, off_t offset) -> ssize_t {
    if (count++ % 2 == 0) return errno = EINTR, -1;
    return ::pread(fd, data, std::min<std::size_t>(size, 2), offset);
  };
  calls.fsync = [&](int fd) { return count++ % 2 == 0 ? (errno = EINTR, -1) : ::fsync(fd); };
  const auto slow = make_posix_file_system(calls);
  const auto file = slow->open_write(dir / "a", WriteMode::truncate);
  file->write("0123456789");
  file->sync();
  file->close();
  EXPECT_EQ(slow->read_text(dir / "a", 100), "0123456789");
  EXPECT_EQ(read_text(dir / "a"), "0123456789");
}

TEST(PosixFileSystem, WriteThatMakesNoProgressFails) {
  TempDir dir;
  PosixCalls calls = system_calls();
  calls.write = [](int, const void*, std::size_t) -> ssize_t { return 0; };
  const auto stuck = make_posix_file_system(calls);
  const auto file = stuck->open_write(dir / "a", WriteMode::truncate);
  EXPECT_THROW(file->write("x"), DiskError);
}

TEST(PosixFileSystem, FailedSyncIsNeverTriedAgain) {
  TempDir dir;
  PosixCalls calls = system_calls();
  int count = 0;
  calls.fsync = [&](int fd) { return count++ == 0 ? (errno = EIO, -1) : ::fsync(fd); };
  const auto failing = make_posix_file_system(calls);
  const auto file = failing->open_write(dir / "a", WriteMode::truncate);
  EXPECT_THAT(message_of<DiskError>([&] { file->sync(); }), HasSubstr("cannot sync"));
  EXPECT_THROW(file->sync(), DiskError);  // although the system would now say yes
  EXPECT_EQ(count, 1);
}

TEST(PosixFileSystem, DirectoryWithoutSyncIsAccepted) {
  TempDir dir;
  PosixCalls calls = system_calls();
  int error = EINVAL;
  calls.fsync = [&](int) { return errno = error, -1; };
  const auto other = make_posix_file_system(calls);
  other->sync_directory(dir.path());
  error = EIO;
  EXPECT_THROW(other->sync_directory(dir.path()), DiskError);
}

TEST(FileSystem, ClassifiesErrors) {
  for (const int error : {ENOSPC, EDQUOT, EFBIG, EIO, EROFS})
    EXPECT_THROW(throw_write_error("p", "write", error), DiskError);
  for (const int error : {ENOENT, EACCES, EISDIR, EEXIST})
    EXPECT_THROW(throw_write_error("p", "write", error), IoError);
  for (const int error : {ENOENT, EACCES, EIO}) EXPECT_THROW(throw_read_error("p", "read", error), IoError);
}

TEST(FaultFileSystem, FailsTheChosenOperationOnce) {
  TempDir dir;
  FaultFileSystem faulty(fs());
  faulty.set_fault({.at = 1, .error = ENOSPC, .from_then_on = false, .only = "", .short_write = 0.0});
  const auto file = faulty.open_write(dir / "a", WriteMode::truncate);
  EXPECT_THROW(file->write("lost"), DiskError);
  file->write("kept");
  file->close();
  EXPECT_EQ(read_text(dir / "a"), "kept");
  EXPECT_EQ(faulty.num_operations(), 4);
  EXPECT_THAT(faulty.operations(), ElementsAre("open_write " + (dir / "a").string(), "write " + (dir / "a").string(),
                                               "write " + (dir / "a").string(), "close " + (dir / "a").string()));
}

TEST(FaultFileSystem, FailsFromThenOnAndWritesShort) {
  TempDir dir;
  FaultFileSystem faulty(fs());
  faulty.set_fault({.at = 0, .error = ENOSPC, .from_then_on = true, .only = "write", .short_write = 0.5});
  const auto file = faulty.open_write(dir / "a", WriteMode::truncate);
  EXPECT_THROW(file->write("12345678"), DiskError);
  EXPECT_THROW(file->write("ab"), DiskError);
  file->close();
  EXPECT_EQ(read_text(dir / "a"), "1234a");
}

TEST(FaultFileSystem, EveryOperationCanFail) {
  TempDir dir;
  write_text(dir / "a", "x");
  FaultFileSystem faulty(fs());
  const auto fails_with_disk_error = [&](const char* operation, auto body) {
    faulty.set_fault({.at = 0, .error = EIO, .from_then_on = false, .only = operation, .short_write = 0.0});
    EXPECT_THROW(body(), DiskError) << operation;
    EXPECT_EQ(faulty.num_operations(), 1) << operation;
  };
  const auto fails_with_io_error = [&](const char* operation, auto body) {
    faulty.set_fault({.at = 0, .error = EIO, .from_then_on = false, .only = operation, .short_write = 0.0});
    EXPECT_THROW(body(), IoError) << operation;
    EXPECT_EQ(faulty.num_operations(), 1) << operation;
  };
  const Path path = dir / "a";
  fails_with_disk_error("open_write", [&] { faulty.open_write(path, WriteMode::append); });
  fails_with_disk_error("write", [&] { faulty.open_write(path, WriteMode::append)->write("y"); });
  fails_with_disk_error("sync", [&] { faulty.open_write(path, WriteMode::append)->sync(); });
  fails_with_disk_error("close", [&] { faulty.open_write(path, WriteMode::append)->close(); });
  fails_with_disk_error("make_directories", [&] { faulty.make_directories(dir / "d"); });
  fails_with_disk_error("rename", [&] { faulty.rename(path, dir / "b"); });
  fails_with_disk_error("remove", [&] { faulty.remove(path); });
  fails_with_disk_error("truncate", [&] { faulty.truncate(path, 0); });
  fails_with_disk_error("sync_directory", [&] { faulty.sync_directory(dir.path()); });
  fails_with_disk_error("lock", [&] { faulty.lock(path); });
  fails_with_io_error("open_read", [&] { faulty.open_read(path); });
  fails_with_io_error("read", [&] { faulty.read_text(path, 10); });
  fails_with_io_error("size", [&] { faulty.size(path); });
  fails_with_io_error("list", [&] { faulty.list(dir.path()); });
  EXPECT_EQ(read_text(path), "x");
}

}  // namespace
}  // namespace softac

#include "base/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/temp_dir.h"
#include "softac/error.h"
#include "support/fault_file_system.h"

namespace softac {
namespace {

TEST(AtomicFile, WritesAndReplaces) {
  TempDir dir;
  write_file_atomic(posix_file_system(), dir / "a", "first");
  write_file_atomic(posix_file_system(), dir / "a", "second");
  EXPECT_EQ(read_text(dir / "a"), "second");
  EXPECT_THAT(posix_file_system().list(dir.path()), ::testing::ElementsAre("a"));
}

TEST(AtomicFile, SyncsBeforeTheRenameAndTheDirectoryAfterIt) {
  TempDir dir;
  FaultFileSystem fs(posix_file_system());
  write_file_atomic(fs, dir / "a", "text");
  const std::string path = (dir / "a").string(), temporary = path + ".tmp";
  EXPECT_THAT(fs.operations(),
              ::testing::ElementsAre("open_write " + temporary, "write " + temporary, "sync " + temporary,
                                     "close " + temporary, "rename " + path, "sync_directory " + dir.path().string()));
}

// Whatever operation fails, once or from then on (a crash or a full disk), the old file or the new one is there, whole.
TEST(AtomicFile, EveryFaultLeavesTheOldFileOrTheNew) {
  constexpr int kOperations = 6;
  for (int at = 0; at < kOperations; ++at) {
    for (const bool from_then_on : {false, true}) {
      for (const double short_write : {0.0, 0.5, 1.0}) {
        TempDir dir;
        write_text(dir / "a", "the old contents");
        FaultFileSystem fs(posix_file_system());
        fs.set_fault({.at = at, .error = ENOSPC, .from_then_on = from_then_on, .only = "", .short_write = short_write});
        EXPECT_THROW(write_file_atomic(fs, dir / "a", "the new contents, longer"), DiskError) << at;
        const bool renamed = at == kOperations - 1;
        EXPECT_EQ(read_text(dir / "a"), renamed ? "the new contents, longer" : "the old contents") << at;
        if (!from_then_on) {
          EXPECT_THAT(posix_file_system().list(dir.path()), ::testing::ElementsAre("a")) << at;
        }
        fs.set_fault({});
        write_file_atomic(fs, dir / "a", "later");  // a temporary file left by a crash is no obstacle
        EXPECT_EQ(read_text(dir / "a"), "later");
      }
    }
  }
  TempDir dir;
  FaultFileSystem fs(posix_file_system());
  fs.set_fault({.at = kOperations, .error = ENOSPC, .from_then_on = true, .only = "", .short_write = 0.0});
  write_file_atomic(fs, dir / "a", "x");  // there is no further operation that could fail
}

TEST(AtomicFile, ReportsTheFirstFailure) {
  TempDir dir;
  FaultFileSystem fs(posix_file_system());
  fs.set_fault({.at = 1, .error = EDQUOT, .from_then_on = true, .only = "", .short_write = 0.0});
  EXPECT_THAT(message_of<DiskError>([&] { write_file_atomic(fs, dir / "a", "x"); }),
              ::testing::HasSubstr("cannot write"));
}

// A device would be replaced by a file for everybody.
TEST(AtomicFile, RefusesToReplaceWhatIsNoFile) {
  TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink(dir / "pipe", dir / "link");
  std::filesystem::create_directory(dir / "folder");
  for (const char* name : {"pipe", "link", "folder"}) {
    EXPECT_THROW(write_file_atomic(posix_file_system(), dir / name, "x"), IoError) << name;
  }
  EXPECT_EQ(posix_file_system().kind(dir / "pipe"), FileKind::other);
  EXPECT_THAT(posix_file_system().list(dir.path()), ::testing::ElementsAre("folder", "link", "pipe"));
}

}  // namespace
}  // namespace softac

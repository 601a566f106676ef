// A file system in memory that can lose its power: it knows what has been synced, and what a disk may have done with
// the rest. A file's content is durable after sync(); a name after sync_directory() of its folder. Between them each
// write may reach the disk or not, in any order and torn at sectors, and each rename, creation or removal may be lost.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "softac/error.h"

namespace softac::test {

// What every operation throws once the power is gone.
class PowerLoss : public IoError {
 public:
  PowerLoss() : IoError("the power is gone") {}
};

class PowerLossFileSystem : public FileSystem {
 public:
  PowerLossFileSystem();

  // The power goes at the operation with this number (from 0, of those that change something); −1: never. A write of
  // which it goes has reached memory in part.
  void lose_power_at(std::int64_t operation) { lost_at_ = operation; }
  std::int64_t num_operations() const { return count_; }
  bool lost() const { return lost_; }

  // What is found when the power is back. sector: 512 or 4096 bytes.
  std::unique_ptr<PowerLossFileSystem> after_power_loss(std::mt19937& random, std::size_t sector);
  // What is found when only the process was killed: everything that was done.
  std::unique_ptr<PowerLossFileSystem> after_kill();

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
  friend class PowerLossWritable;
  using Bytes = std::vector<std::byte>;
  using Entries = std::map<std::string, int>;  // name → node

  // A write, or with is_cut the file's new size.
  struct Change {
    std::size_t offset = 0;
    Bytes bytes;
    bool is_cut = false;
  };
  struct Node {
    bool is_dir = false;
    Bytes content, durable;        // of a file
    std::vector<Change> unsynced;  // from durable to content
    Entries entries, durable_entries;
  };
  // A change of names: `name` of folder `dir` comes to mean `node` (−1: nothing), and `old_name` nothing any more.
  struct NameChange {
    int dir;
    std::string name, old_name;
    int node;
  };

  bool step();  // counts an operation; true if the power goes with it. Throws PowerLoss if it is gone already
  int find(const Path& path) const;
  int find_dir(const Path& path) const;
  int make_node(bool is_dir);
  static void apply(Entries& entries, const NameChange& change);
  void change_name(const NameChange& change);
  void sync_names(int dir);
  static void apply(Bytes& content, const Change& change);
  void copy_from(const PowerLossFileSystem& other, const Entries& entries, const std::map<int, Bytes>& contents,
                 const std::map<int, Entries>& folders, int into);

  mutable std::mutex mutex_;
  std::vector<Node> nodes_;
  std::vector<NameChange> unsynced_names_;
  std::int64_t count_ = 0, lost_at_ = -1;
  bool lost_ = false;
};

}  // namespace softac::test

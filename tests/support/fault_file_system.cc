#include "support/fault_file_system.h"

#include <utility>

namespace softac {

class FaultWritableFile : public WritableFile {
 public:
  FaultWritableFile(FaultFileSystem& fs, Path path, std::unique_ptr<WritableFile> base)
      : fs_(fs), path_(std::move(path)), base_(std::move(base)) {}

  using WritableFile::write;
  void write(std::span<const std::byte> bytes) override {
    if (fs_.hit("write", path_)) {
      const auto count = static_cast<std::size_t>(static_cast<double>(bytes.size()) * fs_.fault_.short_write);
      base_->write(bytes.first(count));
      throw_write_error(path_, "write", fs_.fault_.error);
    }
    base_->write(bytes);
  }
  void sync() override {
    fs_.before_write("sync", path_);
    base_->sync();
  }
  void close() override {
    fs_.before_write("close", path_);
    base_->close();
  }

 private:
  FaultFileSystem& fs_;
  Path path_;
  std::unique_ptr<WritableFile> base_;
};

class FaultReadableFile : public ReadableFile {
 public:
  FaultReadableFile(FaultFileSystem& fs, Path path, std::unique_ptr<ReadableFile> base)
      : fs_(fs), path_(std::move(path)), base_(std::move(base)) {}

  std::uint64_t size() const override { return base_->size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> bytes) override {
    fs_.before_read("read", path_);
    base_->read_at(offset, bytes);
  }

 private:
  FaultFileSystem& fs_;
  Path path_;
  std::unique_ptr<ReadableFile> base_;
};

void FaultFileSystem::set_fault(const Fault& fault) {
  const std::lock_guard guard(mutex_);
  fault_ = fault;
  count_ = 0;
  operations_.clear();
}

std::int64_t FaultFileSystem::num_operations() const {
  const std::lock_guard guard(mutex_);
  return count_;
}

std::vector<std::string> FaultFileSystem::operations() const {
  const std::lock_guard guard(mutex_);
  return operations_;
}

bool FaultFileSystem::hit(const char* operation, const Path& path) {
  const std::lock_guard guard(mutex_);
  operations_.push_back(std::string(operation) + " " + path.string());
  if (!fault_.only.empty() && fault_.only != operation) return false;
  const std::int64_t index = count_++;
  return fault_.at >= 0 && (index == fault_.at || (fault_.from_then_on && index > fault_.at));
}

void FaultFileSystem::before_write(const char* operation, const Path& path) {
  if (hit(operation, path)) throw_write_error(path, operation, fault_.error);
}

void FaultFileSystem::before_read(const char* operation, const Path& path) {
  if (hit(operation, path)) throw_read_error(path, operation, fault_.error);
}

std::unique_ptr<WritableFile> FaultFileSystem::open_write(const Path& path, WriteMode mode) {
  before_write("open_write", path);
  return std::make_unique<FaultWritableFile>(*this, path, base_.open_write(path, mode));
}

std::unique_ptr<ReadableFile> FaultFileSystem::open_read(const Path& path) {
  before_read("open_read", path);
  return std::make_unique<FaultReadableFile>(*this, path, base_.open_read(path));
}

FileKind FaultFileSystem::kind(const Path& path, bool follow_links) {
  return base_.kind(path, follow_links);
}

std::uint64_t FaultFileSystem::size(const Path& path) {
  before_read("size", path);
  return base_.size(path);
}

std::vector<std::string> FaultFileSystem::list(const Path& dir) {
  before_read("list", dir);
  return base_.list(dir);
}

void FaultFileSystem::make_directories(const Path& dir) {
  before_write("make_directories", dir);
  base_.make_directories(dir);
}

void FaultFileSystem::rename(const Path& from, const Path& to) {
  before_write("rename", to);
  base_.rename(from, to);
}

void FaultFileSystem::remove(const Path& path) {
  before_write("remove", path);
  base_.remove(path);
}

void FaultFileSystem::truncate(const Path& path, std::uint64_t new_size) {
  before_write("truncate", path);
  base_.truncate(path, new_size);
}

void FaultFileSystem::sync_directory(const Path& dir) {
  before_write("sync_directory", dir);
  base_.sync_directory(dir);
}

std::unique_ptr<FileLock> FaultFileSystem::lock(const Path& path) {
  before_write("lock", path);
  return base_.lock(path);
}

}  // namespace softac

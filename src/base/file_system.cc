#include "base/file_system.h"

#include <cerrno>
#include <system_error>

#include "softac/error.h"

namespace softac {

namespace {

std::string message(const Path& path, std::string_view operation, int error) {
  std::string text = "cannot ";
  text.append(operation).append(" ").append(path.string()).append(": ").append(std::generic_category().message(error));
  return text;
}

bool is_disk_error(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EIO:
    case EROFS:
    case ENODEV:
    case ENXIO:
      return true;
    default:
      return false;
  }
}

}  // namespace

void throw_write_error(const Path& path, std::string_view operation, int error) {
  if (is_disk_error(error)) throw DiskError(message(path, operation, error));
  throw IoError(message(path, operation, error));
}

void throw_read_error(const Path& path, std::string_view operation, int error) {
  throw IoError(message(path, operation, error));
}

namespace {

template <class Container>
Container read_whole(FileSystem& fs, const Path& path, std::uint64_t max_bytes) {
  const auto file = fs.open_read(path);
  const std::uint64_t size = file->size();
  if (size > max_bytes) {
    throw IoError("cannot read " + path.string() + ": it has " + std::to_string(size) + " bytes, expected at most " +
                  std::to_string(max_bytes));
  }
  Container contents(size, typename Container::value_type{});
  file->read_at(0, std::as_writable_bytes(std::span(contents)));
  return contents;
}

}  // namespace

std::vector<std::byte> FileSystem::read_file(const Path& path, std::uint64_t max_bytes) {
  return read_whole<std::vector<std::byte>>(*this, path, max_bytes);
}

std::string FileSystem::read_text(const Path& path, std::uint64_t max_bytes) {
  return read_whole<std::string>(*this, path, max_bytes);
}

void remove_tree(FileSystem& fs, const Path& path) {
  const FileKind kind = fs.kind(path, false);
  if (kind == FileKind::missing) return;
  if (kind == FileKind::directory) {
    for (const auto& name : fs.list(path)) remove_tree(fs, path / name);
  }
  fs.remove(path);
}

}  // namespace softac

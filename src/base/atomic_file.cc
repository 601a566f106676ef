#include "base/atomic_file.h"

#include "softac/error.h"

namespace softac {

void write_file_atomic(FileSystem& fs, const Path& path, const std::function<void(WritableFile&)>& write) {
  Path temporary = path;
  temporary += ".tmp";
  try {
    const auto file = fs.open_write(temporary, WriteMode::truncate);
    write(*file);
    file->sync();
    file->close();
    fs.rename(temporary, path);
  } catch (...) {
    try {
      if (fs.exists(temporary)) fs.remove(temporary);
    } catch (const Error&) {  // the first failure is the one to report
    }
    throw;
  }
  fs.sync_directory(path.parent_path());
}

void write_file_atomic(FileSystem& fs, const Path& path, std::span<const std::byte> bytes) {
  write_file_atomic(fs, path, [&](WritableFile& file) { file.write(bytes); });
}

void write_file_atomic(FileSystem& fs, const Path& path, std::string_view text) {
  write_file_atomic(fs, path, std::as_bytes(std::span(text)));
}

}  // namespace softac

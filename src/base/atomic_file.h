// Replaces a whole file so that a reader, or a restart after a crash, sees the old contents or the new, never a mix.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "base/file_system.h"

namespace softac {

// Writes path + ".tmp" beside it, syncs, renames it over path and syncs the directory. When it throws (DiskError,
// IoError, what `write` throws) before the rename, the old file is intact and the temporary file removed if that is
// possible. One writer per path at a time.
void write_file_atomic(FileSystem& fs, const Path& path, const std::function<void(WritableFile&)>& write);
void write_file_atomic(FileSystem& fs, const Path& path, std::span<const std::byte> bytes);
void write_file_atomic(FileSystem& fs, const Path& path, std::string_view text);

}  // namespace softac

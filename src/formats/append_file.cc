#include "formats/append_file.h"

#include <utility>

namespace softac {

namespace {
constexpr std::size_t kBufferBytes = 65536;
}

AppendFile::AppendFile(FileSystem& fs, Path path, std::optional<std::uint64_t> resume_at) : path_(std::move(path)) {
  if (resume_at) {
    fs.truncate(path_, *resume_at);
    position_ = *resume_at;
  }
  file_ = fs.open_write(path_, resume_at ? WriteMode::append : WriteMode::truncate);
  buffer_.reserve(kBufferBytes);
}

// Runs operation unless the file is closed or has failed; an error marks the file as failed and reaches the caller.
template <class Operation>
void AppendFile::guarded(Operation&& operation) {
  if (file_ == nullptr) return;
  try {
    operation();
  } catch (...) {
    failed_ = true;
    file_.reset();
    throw;
  }
}

void AppendFile::append(std::string_view text) {
  if (file_ == nullptr) return;
  buffer_.append(text);
  position_ += text.size();
  if (buffer_.size() >= kBufferBytes) flush();
}

void AppendFile::flush() {
  guarded([&] {
    if (!buffer_.empty()) file_->write(buffer_);
    buffer_.clear();
  });
}

void AppendFile::sync() {
  flush();
  guarded([&] { file_->sync(); });
}

void AppendFile::close() {
  flush();
  guarded([&] {
    file_->close();
    file_.reset();
  });
}

}  // namespace softac

// A folder of its own for one test, removed with all that it holds.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <stdexcept>
#include <string>

#include "base/file_system.h"

namespace softac {

class TempDir {
 public:
  TempDir() {
    std::string pattern = ::testing::TempDir() + "softac-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    try {
      remove_tree(posix_file_system(), path_);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  const Path& path() const { return path_; }
  Path operator/(const std::string& name) const { return path_ / name; }

 private:
  Path path_;
};

inline void write_text(const Path& path, std::string_view text) {
  const auto file = posix_file_system().open_write(path, WriteMode::truncate);
  file->write(text);
  file->close();
}

inline std::string read_text(const Path& path) {
  return posix_file_system().read_text(path, 1u << 30);
}

// The message of the exception of type E that body throws; a test failure if it throws none or another.
template <class E, class Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no exception";
  return {};
}

}  // namespace softac

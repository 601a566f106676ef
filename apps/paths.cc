#include "paths.h"

#include <filesystem>

namespace softac::app {

const std::string& start_folder() {
  static const std::string folder = [] {
    std::error_code error;
    const std::filesystem::path found = std::filesystem::current_path(error);
    return error ? std::string() : found.string();
  }();
  return folder;
}

std::string absolute_path(const std::string& path) {
  return path.empty() ? path : (std::filesystem::path(start_folder()) / path).lexically_normal().string();
}

std::vector<std::string> absolute_paths(std::vector<std::string> paths) {
  for (std::string& path : paths) path = absolute_path(path);
  return paths;
}

std::string shown_path(const std::string& path) {
  const std::string below = start_folder() + "/";
  return path.starts_with(below) ? path.substr(below.size()) : path;
}

std::string program_path() {
  std::error_code error;
  const std::filesystem::path found = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string("softac") : found.string();
}

}  // namespace softac::app

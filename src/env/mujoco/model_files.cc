#include "env/mujoco/model_files.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "softac/env.h"
#include "softac/error.h"

namespace softac {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAssets = "envs/mujoco/assets";

// lib/python3.*/site-packages and the like below a prefix, without running Python.
void add_package_dirs(const fs::path& lib, std::vector<fs::path>& dirs) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(lib, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with("python3")) {
      for (const char* packages : {"site-packages", "dist-packages"}) {
        const fs::path assets = entry->path() / packages / "gymnasium" / kAssets;
        if (fs::is_directory(assets, error)) found.push_back(assets);
      }
    }
  }
  std::sort(found.begin(), found.end());
  dirs.insert(dirs.end(), found.begin(), found.end());
}

std::vector<fs::path> model_dirs(std::string& searched) {
  std::vector<fs::path> dirs;
  if (const char* dir = std::getenv("SOFTAC_MODEL_DIR"); dir != nullptr && *dir != '\0') {
    searched += std::string("\n  SOFTAC_MODEL_DIR=") + dir;
    return {dir};
  }
  if (const std::string set = model_directory(); !set.empty()) {
    dirs.emplace_back(set);
    searched += "\n  " + set + " (set_model_directory)";
  }
#ifdef SOFTAC_GYMNASIUM_DIR
  dirs.push_back(fs::path(SOFTAC_GYMNASIUM_DIR) / kAssets);
  searched += "\n  " + dirs.back().string() + " (the Python of the build)";
#endif
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const fs::path bin(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    std::error_code error;
    if (!fs::exists(bin / "python3", error)) continue;
    add_package_dirs(bin.parent_path() / "lib", dirs);
    searched += "\n  gymnasium of " + (bin / "python3").string();
  }
  add_package_dirs("/usr/lib", dirs);
  add_package_dirs("/usr/local/lib", dirs);
  searched += "\n  gymnasium in /usr/lib/python3* and /usr/local/lib/python3*";
  return dirs;
}

}  // namespace

fs::path find_model_file(const std::string& xml_file) {
  std::error_code error;
  const bool is_path = xml_file.starts_with('/') || xml_file.starts_with('.');
  if (is_path || xml_file.starts_with('~')) {
    const char* home = std::getenv("HOME");
    const fs::path path = is_path ? xml_file : (home != nullptr ? home : "~") + xml_file.substr(1);
    if (!fs::is_regular_file(path, error)) throw IoError("model file " + path.string() + ": no such file");
    return path;
  }
  std::string searched;
  for (const fs::path& dir : model_dirs(searched)) {
    if (fs::is_regular_file(dir / xml_file, error)) return dir / xml_file;
  }
  throw IoError("model file " + xml_file + " was not found. Searched:" + searched +
                "\nInstall Gymnasium (pip install gymnasium==1.4.0), or set SOFTAC_MODEL_DIR to the directory with the "
                "model files, or give xml_file as an absolute path.");
}

}  // namespace softac

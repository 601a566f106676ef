#include "run/run_list.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string_view>

#include "base/posix_file_system.h"
#include "run/run_dir.h"

namespace softac {

namespace {

// Of these a folder without config.toml is what is left of a run.
constexpr std::array<std::string_view, 3> kSignsOfARun = {"metrics.jsonl", "provenance.json", "status.json"};

enum class FolderKind { other, run, remains, python_model };

FolderKind folder_kind(const std::vector<std::string>& names) {
  const auto has = [&](std::string_view name) { return std::ranges::binary_search(names, name); };
  if (has("config.toml") && std::ranges::any_of(kSignsOfARun, has)) return FolderKind::run;
  if (has("config.json") && has("status.json")) return FolderKind::python_model;
  if (has("config.toml") && has(kRunLockName)) return FolderKind::run;  // its first moment
  return std::ranges::any_of(kSignsOfARun, has) ? FolderKind::remains : FolderKind::other;
}

void add_run(FileSystem& fs, const Path& dir, RunList& out) {
  ListedRun run;
  try {
    run.overview = read_run_overview(fs, dir);
  } catch (const Error& error) {
    if (!fs.exists(dir)) return;
    run.overview = {};
    run.overview.dir = dir;
    run.error = error.what();
  }
  out.runs.push_back(std::move(run));
}

void add_remains(const Path& dir, RunList& out) {
  if (is_locked(dir / kRunLockName)) return;  // a run that is being made
  ListedRun run;
  run.overview.dir = dir;
  run.error = dir.string() + ": no config.toml, which softac train writes first";
  out.runs.push_back(std::move(run));
}

// Calls `visit` with each name in a folder that is not gone, and says why where it cannot be opened.
std::string visit_folder(FileSystem& fs, const Path& dir,
                         const std::function<void(const std::vector<std::string>&)>& visit) {
  std::vector<std::string> names;
  try {
    names = fs.list(dir);
  } catch (const Error& error) {
    return fs.exists(dir) ? error.what() : "";
  }
  visit(names);
  return "";
}

// Whether a file begins as python/softac/saving.py begins one: a zip archive whose first entry is the learner.
bool is_saved_model(FileSystem& fs, const Path& path) {
  constexpr std::string_view kZip = "PK\x03\x04", kEntry = "learner.safetensors";
  constexpr std::size_t kNameAt = 30;
  std::array<char, kNameAt + kEntry.size()> head{};
  try {
    fs.open_read(path)->read_at(0, std::as_writable_bytes(std::span(head)));
  } catch (const Error&) {
    return false;
  }
  const std::string_view text(head.data(), head.size());
  return text.starts_with(kZip) && text.substr(kNameAt) == kEntry;
}

void add_folder(FileSystem& fs, const Path& dir, RunList& out) {
  const std::string error = visit_folder(fs, dir, [&](const std::vector<std::string>& names) {
    switch (folder_kind(names)) {
      case FolderKind::run:
        return add_run(fs, dir, out);
      case FolderKind::remains:
        return add_remains(dir, out);
      case FolderKind::python_model:
        ++out.num_python_models;
        return;
      case FolderKind::other:
        for (const std::string& name : names) {
          const FileKind kind = fs.kind(dir / name, false);
          if (kind == FileKind::directory) add_folder(fs, dir / name, out);
          if (kind == FileKind::file && name.ends_with(".zip") && is_saved_model(fs, dir / name))
            ++out.num_saved_models;
        }
    }
  });
  if (error.empty()) return;
  ListedRun closed;
  closed.overview.dir = dir;
  closed.error = error;
  out.runs.push_back(std::move(closed));
}

}  // namespace

RunList list_runs(FileSystem& fs, const Path& root) {
  const FileKind kind = fs.kind(root);
  if (kind == FileKind::missing) throw IoError(root.string() + ": no such folder");
  if (kind != FileKind::directory) throw IoError(root.string() + ": not a folder");
  RunList out;
  add_folder(fs, root, out);
  return out;
}

std::uint64_t folder_bytes(FileSystem& fs, const Path& dir) {
  std::uint64_t bytes = 0;
  visit_folder(fs, dir, [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const Path path = dir / name;
      const FileKind kind = fs.kind(path, false);
      if (kind == FileKind::directory) bytes += folder_bytes(fs, path);
      try {
        if (kind == FileKind::file) bytes += fs.size(path);
      } catch (const IoError&) {  // gone
      }
    }
  });
  return bytes;
}

}  // namespace softac

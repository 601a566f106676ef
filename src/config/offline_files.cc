#include "config/offline_files.h"

#include <algorithm>
#include <string>

#include "formats/minari.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr std::uint64_t kMaxNameBytes = 4096;

bool is_file(FileSystem& fs, const Path& path) {
  return fs.kind(path) == FileKind::file;
}

// In the order of their names, which is that of their numbers.
std::vector<Path> segments_in(FileSystem& fs, const Path& dir) {
  std::vector<Path> out;
  if (!fs.is_directory(dir)) return out;
  for (const std::string& name : fs.list(dir)) {
    if (name.starts_with("segment-") && name.ends_with(".bin")) out.push_back(dir / name);
  }
  std::ranges::sort(out, [](const Path& a, const Path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return out;
}

OfflineSource run_source(FileSystem& fs, const Path& run) {
  const Path latest = run / "checkpoints" / "latest";
  if (!is_file(fs, latest)) throw IoError("offline data " + run.string() + ": a run without a checkpoint");
  std::string name = fs.read_text(latest, kMaxNameBytes);
  while (!name.empty() && (name.back() == '\n' || name.back() == '\r')) name.pop_back();
  if (!name.starts_with("step-") || name.find('/') != std::string::npos)
    throw IoError(latest.string() + " is damaged: it names no checkpoint");
  const Path manifest = run / "checkpoints" / name / "manifest.json";
  if (!is_file(fs, manifest)) throw IoError(latest.string() + " names " + name + ", which is not there");
  return {OfflineKind::checkpoint, {manifest}, run / "config.toml"};
}

OfflineSource folder_source(FileSystem& fs, const Path& path) {
  if (is_file(fs, path / kDatasetFile)) {
    std::vector<Path> segments = segments_in(fs, path / kDatasetReplay);
    if (segments.empty())
      throw IoError("offline data " + path.string() + ": it lacks " + kDatasetReplay + "/segment-…");
    return {OfflineKind::segments, std::move(segments), path / kDatasetFile};
  }
  for (const Path& folder : {path, path / kDatasetMinari}) {
    if (is_file(fs, folder / kMinariFile)) {
      const Path metadata = folder / kMinariMetadata;
      return {OfflineKind::minari, {folder / kMinariFile}, is_file(fs, metadata) ? metadata : Path()};
    }
  }
  if (is_file(fs, path / "manifest.json")) {
    const Path config = path.parent_path().parent_path() / "config.toml";
    return {OfflineKind::checkpoint, {path / "manifest.json"}, is_file(fs, config) ? config : Path()};
  }
  if (is_file(fs, path / "config.toml")) return run_source(fs, path);
  if (std::vector<Path> segments = segments_in(fs, path); !segments.empty())
    return {OfflineKind::segments, std::move(segments), {}};
  throw IoError("offline data " + path.string() + ": no dataset of Minari (" + kMinariFile +
                "), no run, no dataset of `softac data record` and no replay segments in it");
}

}  // namespace

OfflineSource find_offline_source(FileSystem& fs, const Path& path) {
  Path plain = path.lexically_normal();
  if (!plain.has_filename() && plain.has_parent_path()) plain = plain.parent_path();  // without a '/' at its end
  switch (fs.kind(plain)) {
    case FileKind::missing:
      throw IoError("offline data " + plain.string() + ": no such file or folder");
    case FileKind::directory:
      return folder_source(fs, plain);
    case FileKind::file:
      break;
    default:
      throw IoError("offline data " + plain.string() + ": neither a file nor a folder");
  }
  if (plain.extension() == ".bin") return {OfflineKind::segments, {plain}, {}};
  const Path metadata = plain.parent_path() / kMinariMetadata;
  return {OfflineKind::minari, {plain}, is_file(fs, metadata) ? metadata : Path()};
}

}  // namespace softac

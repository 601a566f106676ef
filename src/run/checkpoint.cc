#include "run/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/sha256.h"
#include "formats/strict_json.h"
#include "run/replay_log.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::int64_t kManifestFormat = 2;
constexpr std::uint64_t kMaxManifestBytes = 1 << 24;
constexpr const char* kStaging = ".staging";
constexpr const char* kRemoved = ".removed";
constexpr const char* kNewer = "; a newer softac wrote it";

// Passes everything on, and keeps size and sum.
class HashingFile : public WritableFile {
 public:
  explicit HashingFile(WritableFile& file) : file_(file) {}
  using WritableFile::write;
  void write(std::span<const std::byte> bytes) override {
    file_.write(bytes);
    sha_.update(bytes);
    size_ += bytes.size();
  }
  void sync() override { file_.sync(); }
  void close() override { file_.close(); }
  std::uint64_t size() const { return size_; }
  std::string hex() { return to_hex(sha_.finish()); }

 private:
  WritableFile& file_;
  Sha256 sha_;
  std::uint64_t size_ = 0;
};

std::string file_sum(FileSystem& fs, const Path& path) {
  const auto file = fs.open_read(path);
  std::vector<std::byte> chunk(1 << 20);
  Sha256 sha;
  for (std::uint64_t at = 0; at < file->size();) {
    const auto part = std::span(chunk).first(std::min<std::uint64_t>(chunk.size(), file->size() - at));
    file->read_at(at, part);
    sha.update(part);
    at += part.size();
  }
  return to_hex(sha.finish());
}

// step and k of "step-000100000" or "step-000100000.2".
struct Name {
  std::int64_t step = 0;
  int k = 1;
};
std::optional<Name> parse_name(const std::string& text) {
  constexpr std::string_view kPrefix = "step-";
  if (!text.starts_with(kPrefix)) return {};
  Name name;
  const char* end = text.data() + text.size();
  auto [after, error] = std::from_chars(text.data() + kPrefix.size(), end, name.step);
  if (error != std::errc{} || name.step < 0) return {};
  if (after == end) return name;
  if (*after != '.') return {};
  const auto [last, error_k] = std::from_chars(after + 1, end, name.k);
  if (error_k != std::errc{} || last != end || name.k < 2) return {};
  return name;
}

// What only this file reads of a manifest.
struct Counters {
  std::int64_t max_step = 0;      // of all checkpoints up to this one
  std::int64_t next_segment = 1;  // above all segments up to this one
};

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.size() <= 100 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string::npos;
}

using Sums = std::map<std::string, std::string>;  // of files that have been read already

// Adds one file of a checkpoint and what is wrong with it.
void check_file(FileSystem& fs, CheckpointInfo& info, const Path& path, const std::string& name, const Json& entry,
                bool read, Sums& sums) {
  const auto bytes = static_cast<std::uint64_t>(json_count(entry.at("bytes"), "manifest.json: bytes of " + name));
  CheckpointInfo::File file{name, bytes, true, entry.at("sha256").get<std::string>()};
  std::string error;
  if (fs.kind(path) != FileKind::file) {
    error = name + " is missing";
  } else if (const std::uint64_t found = fs.size(path); found != bytes) {
    error = name + ": expected " + std::to_string(bytes) + " bytes, found " + std::to_string(found);
  } else if (read) {
    std::string& sum = sums[path.string()];
    if (sum.empty()) sum = file_sum(fs, path);
    if (sum != file.sha256) error = name + ": its SHA-256 sum is not the manifest's";
  }
  if (!error.empty()) {
    file.ok = info.complete = false;
    info.error += (info.error.empty() ? "" : "; ") + error;
  }
  info.files.push_back(std::move(file));
}

// Fills info from its manifest; sets info.error where something is wrong.
Counters read_manifest(FileSystem& fs, CheckpointInfo& info, const std::string& verify, Sums& sums) {
  const Path dir = info.path;
  Counters counters;
  info.files.clear();
  info.error.clear();
  info.complete = false;
  try {
    const Json manifest = parse_strict_json(fs.read_text(dir / "manifest.json", kMaxManifestBytes), "manifest.json");
    const auto count = [&](const char* key) {
      return json_count(manifest.at(key), std::string("manifest.json: ") + key);
    };
    if (const std::int64_t format = count("format"); format != kManifestFormat) {
      throw IoError("manifest.json is of format " + std::to_string(format) + ", expected " +
                    std::to_string(kManifestFormat) + (format > kManifestFormat ? kNewer : ""));
    }
    info.step = count("step");
    info.sequence = count("sequence");
    info.state_hash = manifest.at("state_hash").get<std::string>();
    counters.max_step = count("max_step");
    counters.next_segment = count("next_segment");
    info.complete = true;
    for (const auto& [name, entry] : manifest.at("files").items()) {
      if (!is_plain_name(name)) throw IoError("manifest.json names a file \"" + name + "\"");
      check_file(fs, info, dir / name, name, entry, verify == "*" || verify == name, sums);
    }
    std::set<std::string> segments;
    for (const auto& entry : manifest.at("replay")) {
      const auto name = entry.at("name").get<std::string>();
      if (!segment_number(name)) throw IoError("manifest.json names a segment \"" + name + "\"");
      if (!segments.insert(name).second) throw IoError("manifest.json names the segment " + name + " twice");
      const Path path = dir.parent_path().parent_path() / "replay" / name;
      check_file(fs, info, path, "replay/" + name, entry, verify == "*", sums);
    }
  } catch (const JsonError& error) {
    info.complete = false;
    info.error = std::string("manifest.json is damaged: ") + error.what();
  } catch (const IoError& error) {
    info.complete = false;
    info.error = error.what();
  }
  return counters;
}

// A run that trains removes its oldest checkpoint when a new one is there. Whoever reads beside it and finds something
// missing looks whether the checkpoint is there at all, and else again at all of them: names are never used twice.
constexpr int kMaxLooks = 100;

bool is_gone(FileSystem& fs, const CheckpointInfo& info) {
  return !info.complete && !fs.exists(info.path);
}

struct Look {
  std::vector<CheckpointInfo> found;
  bool rotated = false;  // one of those listed was removed meanwhile
};

Look look_at_checkpoints(FileSystem& fs, const Path& dir, const std::string& verify, Sums& sums) {
  Look look;
  for (const std::string& entry : fs.list(dir)) {
    const auto name = parse_name(entry);
    if (!name) continue;
    CheckpointInfo info;
    info.name = entry;
    info.path = (dir / entry).string();
    info.step = name->step;
    read_manifest(fs, info, verify, sums);
    if (is_gone(fs, info))
      look.rotated = true;
    else
      look.found.push_back(std::move(info));
  }
  return look;
}

bool is_newer(const CheckpointInfo& info) {
  return info.error.ends_with(kNewer);
}

// A folder is renamed before it is emptied, so that no checkpoint is ever seen half removed.
void remove_checkpoint(FileSystem& fs, const Path& dir, const std::string& name) {
  fs.rename(dir / name, dir / kRemoved);
  fs.sync_directory(dir);
  remove_tree(fs, dir / kRemoved);
}

void prune(FileSystem& fs, const Path& dir, const KeepRule& keep) {
  auto all = find_checkpoints(fs, dir, "");
  std::int64_t newest = keep.newest;
  for (auto info = all.rbegin(); info != all.rend(); ++info) {
    if (newest > 0) {
      newest -= info->complete ? 1 : 0;
    } else if (keep.every == 0 || !info->complete || info->sequence % keep.every != 0) {
      remove_checkpoint(fs, dir, info->name);
    }
  }
}

// Over all checkpoints that are there, damaged ones by their names: a new one's name and numbers lie above.
struct Highest {
  std::int64_t sequence = 0, step = -1, next_segment = 1;
};
Highest highest_of(FileSystem& fs, const Path& dir) {
  Highest highest;
  Sums none;
  for (const std::string& entry : fs.list(dir)) {
    const auto name = parse_name(entry);
    if (!name) continue;
    CheckpointInfo info;
    info.path = (dir / entry).string();
    const Counters counters = read_manifest(fs, info, "", none);
    highest.sequence = std::max({highest.sequence, info.sequence, static_cast<std::int64_t>(name->k)});
    highest.step = std::max({highest.step, counters.max_step, name->step});
    highest.next_segment = std::max(highest.next_segment, counters.next_segment);
  }
  return highest;
}

// The segments that no checkpoint names. Where a manifest cannot be read nobody knows, and all stay.
void prune_segments(FileSystem& fs, const Path& checkpoints_dir) {
  const Path dir = checkpoints_dir.parent_path() / "replay";
  if (!fs.is_directory(dir)) return;
  std::set<std::string> named;
  for (const CheckpointInfo& info : find_checkpoints(fs, checkpoints_dir, "")) {
    if (!info.complete) return;
    for (const CheckpointInfo::File& file : info.files) named.insert(file.name);
  }
  for (const std::string& name : fs.list(dir)) {
    if (segment_number(name) && !named.contains("replay/" + name)) fs.remove(dir / name);
  }
}

}  // namespace

std::string write_checkpoint(FileSystem& fs, const Path& checkpoints_dir, std::int64_t step, std::uint64_t state_hash,
                             const CheckpointFiles& files, const std::vector<SegmentEntry>& segments,
                             const KeepRule& keep) {
  const Path staging = checkpoints_dir / kStaging;
  remove_tree(fs, staging);
  remove_tree(fs, checkpoints_dir / kRemoved);
  try {
    fs.make_directories(staging);
    Highest highest = highest_of(fs, checkpoints_dir);
    Json manifest = {{"format", kManifestFormat}, {"step", step}, {"state_hash", hash_text(state_hash)}};
    for (const auto& [name, write] : files) {
      const auto file = fs.open_write(staging / name, WriteMode::create_new);
      HashingFile hashing(*file);
      write(hashing);
      file->sync();
      file->close();
      manifest["files"][name] = {{"bytes", hashing.size()}, {"sha256", hashing.hex()}};
    }
    manifest["replay"] = Json::array();
    for (const SegmentEntry& segment : segments) {
      manifest["replay"].push_back({{"name", segment.name}, {"bytes", segment.bytes}, {"sha256", segment.sha256}});
      highest.next_segment = std::max(highest.next_segment, segment_number(segment.name).value() + 1);
    }
    if (!segments.empty()) fs.sync_directory(checkpoints_dir.parent_path() / "replay");
    manifest["sequence"] = highest.sequence + 1;
    manifest["max_step"] = std::max(highest.step, step);
    manifest["next_segment"] = highest.next_segment;
    const auto file = fs.open_write(staging / "manifest.json", WriteMode::create_new);
    file->write(manifest.dump(2) + "\n");
    file->sync();
    file->close();
    fs.sync_directory(staging);
    char name[64];
    std::snprintf(name, sizeof(name), "step-%09lld", static_cast<long long>(step));
    const std::string full =
        step > highest.step ? name : name + std::string(".") + std::to_string(highest.sequence + 1);
    fs.rename(staging, checkpoints_dir / full);
    fs.sync_directory(checkpoints_dir);
    write_file_atomic(fs, checkpoints_dir / "latest", full + "\n");
    prune(fs, checkpoints_dir, keep);
    prune_segments(fs, checkpoints_dir);
    return full;
  } catch (...) {
    try {
      remove_tree(fs, staging);
    } catch (const Error&) {
      // What is left there is removed before the next checkpoint; the first error is the one to report.
    }
    throw;
  }
}

std::int64_t first_free_segment(FileSystem& fs, const Path& checkpoints_dir) {
  return highest_of(fs, checkpoints_dir).next_segment;
}

std::vector<CheckpointInfo> find_checkpoints(FileSystem& fs, const Path& checkpoints_dir, const std::string& verify) {
  Sums sums;
  auto looked = look_at_checkpoints(fs, checkpoints_dir, verify, sums);
  for (int i = 1; i < kMaxLooks && looked.rotated; ++i) looked = look_at_checkpoints(fs, checkpoints_dir, verify, sums);
  std::vector<CheckpointInfo> found = std::move(looked.found);
  // One whose sequence cannot be read is placed by its step.
  for (CheckpointInfo& info : found) {
    if (info.sequence > 0) continue;
    for (const CheckpointInfo& other : found) {
      if (other.sequence > info.sequence && other.step <= info.step) info.sequence = other.sequence;
    }
  }
  std::ranges::sort(found, [](const CheckpointInfo& a, const CheckpointInfo& b) {
    return std::tie(a.sequence, a.step, a.name) < std::tie(b.sequence, b.step, b.name);
  });
  return found;
}

namespace {

CheckpointInfo choose_now(FileSystem& fs, const Path& checkpoints_dir, const ModelChoice& choice,
                          const std::string& verify, bool& rotated) {
  auto all = find_checkpoints(fs, checkpoints_dir, "");
  std::string tried, steps;
  Sums sums;
  for (auto info = all.rbegin(); info != all.rend(); ++info) {
    steps += (steps.empty() ? "" : ", ") + std::to_string(info->step);
    if (choice.kind == ModelChoice::Kind::step && info->step != choice.step) continue;
    if (info->complete) {
      read_manifest(fs, *info, verify, sums);
      if (info->complete) return *info;
    }
    rotated = rotated || is_gone(fs, *info);
    if (choice.kind == ModelChoice::Kind::newest && is_newer(*info)) throw IoError(info->path + ": " + info->error);
    tried += "\n  " + info->name + ": " + info->error;
  }
  if (!tried.empty()) throw IoError(checkpoints_dir.string() + ": no checkpoint is intact:" + tried);
  if (choice.kind == ModelChoice::Kind::step) {
    throw IoError(checkpoints_dir.string() + ": no checkpoint of step " + std::to_string(choice.step) + "; found " +
                  (steps.empty() ? "none" : steps));
  }
  throw IoError(checkpoints_dir.string() + ": holds no checkpoint");
}

}  // namespace

CheckpointInfo choose_checkpoint(FileSystem& fs, const Path& checkpoints_dir, const ModelChoice& choice,
                                 const std::string& verify) {
  if (!fs.is_directory(checkpoints_dir))
    throw IoError(checkpoints_dir.string() + ": no such folder; a run directory with checkpoints was expected");
  for (int i = 1;; ++i) {
    bool rotated = false;
    try {
      return choose_now(fs, checkpoints_dir, choice, verify, rotated);
    } catch (const IoError&) {
      if (!rotated || i == kMaxLooks) throw;
    }
  }
}

ChosenFile read_chosen(FileSystem& fs, const Path& checkpoints_dir, const ModelChoice& choice, const char* name) {
  for (int i = 1;; ++i) {
    CheckpointInfo info = choose_checkpoint(fs, checkpoints_dir, choice, name);
    Path path = Path(info.path) / name;
    try {
      std::vector<std::byte> bytes = fs.read_file(path, kMaxModelBytes);
      return {std::move(path), std::move(bytes), std::move(info.state_hash)};
    } catch (const IoError&) {
      if (fs.exists(info.path) || i == kMaxLooks) throw;
    }
  }
}

ResumeChoice choose_checkpoint_to_resume(FileSystem& fs, const Path& checkpoints_dir) {
  ResumeChoice choice;
  Sums sums;
  auto all = find_checkpoints(fs, checkpoints_dir, "");
  for (auto info = all.rbegin(); info != all.rend() && !choice.found; ++info) {
    if (is_newer(*info)) throw IoError(info->path + ": " + info->error);
    if (info->complete) read_manifest(fs, *info, "*", sums);
    if (info->complete) {
      choice.found = std::move(*info);
    } else {
      choice.skipped.push_back(info->name + " skipped: " + info->error);
    }
  }
  if (!choice.found && !choice.skipped.empty()) {
    std::string tried;
    for (const std::string& text : choice.skipped) tried += "\n  " + text;
    throw IoError(checkpoints_dir.string() + ": no checkpoint is intact:" + tried);
  }
  return choice;
}

std::optional<std::int64_t> saved_step(const TensorFile& file) {
  const auto found = file.metadata.find("step");
  if (found == file.metadata.end()) return {};
  const char* end = found->second.data() + found->second.size();
  std::int64_t step = 0;
  const auto [after, error] = std::from_chars(found->second.data(), end, step);
  if (error != std::errc{} || after != end || step < 0) return {};
  return step;
}

TensorFile save_tensors(const std::vector<TensorRef>& tensors, std::map<std::string, std::string> metadata) {
  TensorFile file;
  file.metadata = std::move(metadata);
  for (const TensorRef& tensor : tensors) {
    const std::size_t count = num_elements(tensor.shape);
    if (tensor.is_double()) {
      std::vector<double> values(count);
      tensor.read_double(values);
      file.tensors.emplace(tensor.name, Tensor::from<double>(tensor.shape, values));
    } else {
      std::vector<float> values(count);
      tensor.read(values);
      file.tensors.emplace(tensor.name, Tensor::from<float>(tensor.shape, values));
    }
  }
  return file;
}

void load_tensors(const std::vector<TensorRef>& tensors, const TensorFile& file, const std::string& source) {
  constexpr std::size_t kMaxNamed = 4;
  std::vector<std::string> wrong;
  std::set<std::string> known;
  for (const TensorRef& tensor : tensors) {
    known.insert(tensor.name);
    const auto found = file.tensors.find(tensor.name);
    if (found == file.tensors.end()) {
      wrong.push_back(tensor.name + ": missing");
    } else if (const TensorType type = tensor.is_double() ? TensorType::f64 : TensorType::f32;
               found->second.type != type || found->second.shape != tensor.shape) {
      wrong.push_back(tensor.name + ": expected " + std::string(tensor_type_name(type)) + " " +
                      shape_text(tensor.shape) + ", found " + std::string(tensor_type_name(found->second.type)) + " " +
                      shape_text(found->second.shape));
    }
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (!known.contains(name)) wrong.push_back(name + ": not a tensor of these settings");
  }
  if (!wrong.empty()) {
    std::string text = source + ": not the networks of these settings:";
    for (std::size_t i = 0; i < std::min(wrong.size(), kMaxNamed); ++i) text += "\n  " + wrong[i];
    if (wrong.size() > kMaxNamed) text += "\n  and " + std::to_string(wrong.size() - kMaxNamed) + " more";
    throw IoError(text);
  }
  for (const TensorRef& tensor : tensors) {
    const Tensor& from = file.tensors.at(tensor.name);
    if (tensor.is_double())
      tensor.write_double(from.values<double>());
    else
      tensor.write(from.values<float>());
  }
}

}  // namespace softac

#include "train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/sha256.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxManifestBytes = 1 << 20;
constexpr const char* kStaging = ".staging";

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
    const auto part =
        std::span(chunk).first(static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), file->size() - at)));
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

std::string unused_name(FileSystem& fs, const Path& dir, std::int64_t step) {
  int k = 0;
  for (const std::string& entry : fs.list(dir)) {
    if (const auto name = parse_name(entry); name && name->step == step) k = std::max(k, name->k);
  }
  char text[48];
  std::snprintf(text, sizeof(text), "step-%09lld", static_cast<long long>(step));
  return k == 0 ? text : text + std::string(1, '.') + std::to_string(k + 1);
}

// Fills info from its manifest; sets info.error where something is wrong.
void read_manifest(FileSystem& fs, CheckpointInfo& info, const std::string& verify) {
  const Path dir = info.path;
  try {
    const auto manifest = nlohmann::json::parse(fs.read_text(dir / "manifest.json", kMaxManifestBytes));
    if (manifest.at("format").get<int>() != 1)
      throw IoError("manifest.json is of format " + manifest.at("format").dump() + ", expected 1");
    info.step = manifest.at("step").get<std::int64_t>();
    info.state_hash = manifest.at("state_hash").get<std::string>();
    info.complete = true;
    for (const auto& [name, entry] : manifest.at("files").items()) {
      const auto bytes = entry.at("bytes").get<std::uint64_t>();
      CheckpointInfo::File file{name, bytes, true};
      std::string error;
      if (fs.kind(dir / name) != FileKind::file) {
        error = name + " is missing";
      } else if (const std::uint64_t found = fs.size(dir / name); found != bytes) {
        error = name + ": expected " + std::to_string(bytes) + " bytes, found " + std::to_string(found);
      } else if (verify == "*" || verify == name) {
        if (file_sum(fs, dir / name) != entry.at("sha256").get<std::string>())
          error = name + ": its SHA-256 sum is not the manifest's";
      }
      if (!error.empty()) {
        file.ok = info.complete = false;
        info.error += (info.error.empty() ? "" : "; ") + error;
      }
      info.files.push_back(std::move(file));
    }
  } catch (const nlohmann::json::exception& error) {
    info.complete = false;
    info.error = std::string("manifest.json is damaged: ") + error.what();
  } catch (const IoError& error) {
    info.complete = false;
    info.error = error.what();
  }
}

void prune(FileSystem& fs, const Path& dir, int keep) {
  const auto all = find_checkpoints(fs, dir, "");
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) remove_tree(fs, all[i].path);
}

}  // namespace

std::string write_checkpoint(FileSystem& fs, const Path& checkpoints_dir, std::int64_t step, std::uint64_t state_hash,
                             const CheckpointFiles& files, int keep) {
  const Path staging = checkpoints_dir / kStaging;
  remove_tree(fs, staging);
  try {
    fs.make_directories(staging);
    nlohmann::ordered_json manifest = {{"format", 1}, {"step", step}, {"state_hash", hash_text(state_hash)}};
    for (const auto& [name, write] : files) {
      const auto file = fs.open_write(staging / name, WriteMode::create_new);
      HashingFile hashing(*file);
      write(hashing);
      file->sync();
      file->close();
      manifest["files"][name] = {{"bytes", hashing.size()}, {"sha256", hashing.hex()}};
    }
    const auto file = fs.open_write(staging / "manifest.json", WriteMode::create_new);
    file->write(manifest.dump(2) + "\n");
    file->sync();
    file->close();
    fs.sync_directory(staging);
    const std::string name = unused_name(fs, checkpoints_dir, step);
    fs.rename(staging, checkpoints_dir / name);
    fs.sync_directory(checkpoints_dir);
    write_file_atomic(fs, checkpoints_dir / "latest", name + "\n");
    prune(fs, checkpoints_dir, keep);
    return name;
  } catch (...) {
    try {
      remove_tree(fs, staging);
    } catch (const Error&) {
      // What is left there is removed before the next checkpoint; the first error is the one to report.
    }
    throw;
  }
}

std::vector<CheckpointInfo> find_checkpoints(FileSystem& fs, const Path& checkpoints_dir, const std::string& verify) {
  std::vector<std::pair<Name, std::string>> names;
  for (const std::string& entry : fs.list(checkpoints_dir)) {
    if (const auto name = parse_name(entry)) names.emplace_back(*name, entry);
  }
  std::ranges::sort(names, [](const auto& a, const auto& b) {
    return std::pair(a.first.step, a.first.k) < std::pair(b.first.step, b.first.k);
  });
  std::vector<CheckpointInfo> found;
  for (const auto& [name, entry] : names) {
    CheckpointInfo info;
    info.name = entry;
    info.path = (checkpoints_dir / entry).string();
    info.step = name.step;
    read_manifest(fs, info, verify);
    found.push_back(std::move(info));
  }
  return found;
}

CheckpointInfo choose_checkpoint(FileSystem& fs, const Path& checkpoints_dir, const ModelChoice& choice,
                                 const std::string& verify) {
  if (!fs.is_directory(checkpoints_dir))
    throw IoError(checkpoints_dir.string() + ": no such folder; a run directory with checkpoints was expected");
  auto all = find_checkpoints(fs, checkpoints_dir, "");
  std::string tried, steps;
  for (auto info = all.rbegin(); info != all.rend(); ++info) {
    steps += (steps.empty() ? "" : ", ") + std::to_string(info->step);
    if (choice.kind == ModelChoice::Kind::step && info->step != choice.step) continue;
    if (info->complete) {
      info->files.clear();
      read_manifest(fs, *info, verify);
      if (info->complete) return *info;
    }
    tried += "\n  " + info->name + ": " + info->error;
  }
  if (!tried.empty()) throw IoError(checkpoints_dir.string() + ": no checkpoint is intact:" + tried);
  if (choice.kind == ModelChoice::Kind::step) {
    throw IoError(checkpoints_dir.string() + ": no checkpoint of step " + std::to_string(choice.step) + "; found " +
                  (steps.empty() ? "none" : steps));
  }
  throw IoError(checkpoints_dir.string() + ": holds no checkpoint");
}

ResumeChoice choose_checkpoint_to_resume(FileSystem& fs, const Path& checkpoints_dir) {
  ResumeChoice choice;
  auto all = find_checkpoints(fs, checkpoints_dir, "");
  for (auto info = all.rbegin(); info != all.rend() && !choice.found; ++info) {
    if (info->complete) {
      info->files.clear();
      read_manifest(fs, *info, "*");
    }
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

TensorFile save_tensors(const std::vector<TensorRef>& tensors, std::map<std::string, std::string> metadata) {
  TensorFile file;
  file.metadata = std::move(metadata);
  for (const TensorRef& tensor : tensors) {
    std::vector<float> values(static_cast<std::size_t>(num_elements(tensor.shape)));
    tensor.read(values);
    file.tensors.emplace(tensor.name, Tensor::from<float>(tensor.shape, values));
  }
  return file;
}

void load_tensors(const std::vector<TensorRef>& tensors, const TensorFile& file, const std::string& source) {
  std::string wrong;
  std::set<std::string> known;
  for (const TensorRef& tensor : tensors) {
    known.insert(tensor.name);
    const auto found = file.tensors.find(tensor.name);
    if (found == file.tensors.end()) {
      wrong += "\n  " + tensor.name + ": missing";
    } else if (found->second.type != TensorType::f32 || found->second.shape != tensor.shape) {
      wrong += "\n  " + tensor.name + ": expected F32 " + shape_text(tensor.shape) + ", found " +
               std::string(tensor_type_name(found->second.type)) + " " + shape_text(found->second.shape);
    }
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (!known.contains(name)) wrong += "\n  " + name + ": not a tensor of these settings";
  }
  if (!wrong.empty()) throw IoError(source + ": not the networks of these settings:" + wrong);
  for (const TensorRef& tensor : tensors) tensor.write(file.tensors.at(tensor.name).values<float>());
}

}  // namespace softac

// Checkpoints: checkpoints/step-000100000[.k]/ holds the files and, written last, manifest.json with the size and
// SHA-256 sum of each. A checkpoint is built in checkpoints/.staging, synced, and renamed to a name never used before,
// so it is complete or not there. checkpoints/latest holds the name of the newest. The replay is beside it, in
// replay/segment-….bin, which several checkpoints share (replay_log.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "formats/safetensors.h"
#include "softac/evaluation.h"
#include "softac/tensor_ref.h"

namespace softac {

// What a checkpoint holds: file name → how to write it.
using CheckpointFiles = std::vector<std::pair<std::string, std::function<void(WritableFile&)>>>;

// A replay segment that a checkpoint needs.
struct SegmentEntry {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
};

// Which checkpoints stay when a new one is complete. Damaged ones stay where they are newer than the oldest of the
// newest; a replay segment stays as long as one of them names it.
struct KeepRule {
  std::int64_t newest = 3;  // of those that are complete; kKeepAll = all
  std::int64_t every = 0;   // and each whose sequence number is a multiple of this, if complete; 0 = none
};

// Writes a checkpoint below checkpoints_dir, points `latest` at it and removes those that the rule does not keep, and
// the segments that no checkpoint names. Returns its name. Throws DiskError or IoError; earlier checkpoints and
// `latest` are then as before.
std::string write_checkpoint(FileSystem& fs, const Path& checkpoints_dir, std::int64_t step, std::uint64_t state_hash,
                             const CheckpointFiles& files, const std::vector<SegmentEntry>& segments = {},
                             const KeepRule& keep = {});

// The number that is above those of all segments that checkpoints below checkpoints_dir have named.
std::int64_t first_free_segment(FileSystem& fs, const Path& checkpoints_dir);

// All checkpoints, oldest first. verify: "" = sizes only; "*" = every file's sum; else that file's.
std::vector<CheckpointInfo> find_checkpoints(FileSystem& fs, const Path& checkpoints_dir, const std::string& verify);

// The checkpoint to read: the newest whose files are as the manifest says, or that of a step. Throws IoError that says
// what was found.
CheckpointInfo choose_checkpoint(FileSystem& fs, const Path& checkpoints_dir, const ModelChoice& choice,
                                 const std::string& verify);

// One file of the chosen checkpoint, with its sum verified, also beside a run that trains and removes old checkpoints.
struct ChosenFile {
  Path path;
  std::vector<std::byte> bytes;
  std::string state_hash;
};
ChosenFile read_chosen(FileSystem& fs, const Path& checkpoints_dir, const ModelChoice& choice, const char* name);

// The checkpoint to resume from: the newest that is intact to the last byte, and what is wrong with the newer ones.
// Throws IoError where there are checkpoints and none is intact, or the newest is a newer softac's.
struct ResumeChoice {
  std::optional<CheckpointInfo> found;
  std::vector<std::string> skipped;  // "step-000000020 skipped: state.json is missing"
};
ResumeChoice choose_checkpoint_to_resume(FileSystem& fs, const Path& checkpoints_dir);

// The step at which a model's file was made, as its metadata says; nothing where they do not.
std::optional<std::int64_t> saved_step(const TensorFile& file);
constexpr std::uint64_t kMaxModelBytes = std::uint64_t{1} << 36;  // of a file with networks

// The learner's tensors as a file's contents, and back. load_tensors throws IoError on a tensor that is missing, extra,
// of another type or shape, before anything is written; `source` names the file.
TensorFile save_tensors(const std::vector<TensorRef>& tensors, std::map<std::string, std::string> metadata);
void load_tensors(const std::vector<TensorRef>& tensors, const TensorFile& file, const std::string& source);

}  // namespace softac

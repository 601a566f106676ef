#include "run/fork.h"

#include "base/sha256.h"
#include "formats/strict_json.h"
#include "run/checkpoint.h"
#include "run/replay_log.h"
#include "softac/error.h"

namespace softac {

namespace {

constexpr std::uint64_t kMaxProvenanceBytes = 1 << 24;

void copy_segment(FileSystem& fs, const Path& from, const Path& to, const std::string& sha256) {
  const auto in = fs.open_read(from);
  const auto out = fs.open_write(to, WriteMode::create_new);
  std::vector<std::byte> chunk(1 << 20);
  Sha256 sum;
  for (std::uint64_t at = 0; at < in->size();) {
    const auto part = std::span(chunk).first(std::min<std::uint64_t>(chunk.size(), in->size() - at));
    in->read_at(at, part);
    sum.update(part);
    out->write(std::span<const std::byte>(part));
    at += part.size();
  }
  if (to_hex(sum.finish()) != sha256) throw IoError(from.string() + ": its SHA-256 sum is not the manifest's");
  out->sync();
  out->close();
}

}  // namespace

Json to_json(const ForkParent& parent) {
  Json out = {{"run_dir", parent.run_dir},
              {"checkpoint", parent.checkpoint},
              {"step", parent.step},
              {"state_hash", parent.state_hash},
              {"changed", Json::array()}};
  for (const SettingDifference& difference : parent.changed)
    out["changed"].push_back({{"setting", difference.name}, {"from", difference.of_run}, {"to", difference.wanted}});
  return out;
}

std::optional<ForkParent> read_fork_parent(FileSystem& fs, const Path& run_dir) {
  const Path path = run_dir / "provenance.json";
  if (!fs.exists(path)) return {};
  try {
    const Json json = parse_strict_json(fs.read_text(path, kMaxProvenanceBytes), path.string());
    const Json* parent = json.find("parent");
    if (parent == nullptr) return {};
    ForkParent out;
    out.run_dir = parent->at("run_dir").get<std::string>();
    out.checkpoint = parent->at("checkpoint").get<std::string>();
    out.step = json_count(parent->at("step"), path.string() + ": parent.step");
    out.state_hash = parent->at("state_hash").get<std::string>();
    return out;
  } catch (const JsonError& error) {
    throw IoError(path.string() + " is damaged: " + error.what());
  }
}

void refuse_in_fork(const std::string& parent, const std::vector<SettingDifference>& differences) {
  std::string wrong;
  for (const SettingDifference& difference : differences) {
    if (difference.change == SettingChange::in_new_run) wrong += "\n  " + difference.text();
  }
  if (wrong.empty()) return;
  throw ConfigError(parent +
                    ": its checkpoints are of no use with other values of these settings; a new run can have them "
                    "(--init-from takes the networks alone, where their shapes are the same):" +
                    wrong);
}

CheckpointInfo choose_fork_checkpoint(FileSystem& fs, const Path& parent, std::optional<std::int64_t> step) {
  const Path checkpoints = parent / "checkpoints";
  if (step) return choose_checkpoint(fs, checkpoints, {ModelChoice::Kind::step, *step}, "*");
  if (!fs.is_directory(checkpoints)) throw IoError(parent.string() + ": no run to fork; it holds no checkpoints");
  const auto choice = choose_checkpoint_to_resume(fs, checkpoints);
  if (!choice.found) throw IoError(parent.string() + ": no run to fork; it has no checkpoint yet");
  return *choice.found;
}

CheckpointInfo find_fork_checkpoint(FileSystem& fs, const ForkParent& parent) {
  const Path checkpoints = Path(parent.run_dir) / "checkpoints";
  if (fs.is_directory(checkpoints)) {
    for (const CheckpointInfo& info : find_checkpoints(fs, checkpoints, "*")) {
      if (info.name == parent.checkpoint && info.state_hash == parent.state_hash && info.complete) return info;
    }
  }
  throw IoError("a fork that was ended before its first checkpoint, and " + parent.run_dir + " no longer holds " +
                parent.checkpoint + " intact, where it began: fork again into a new folder");
}

void copy_segments(FileSystem& fs, const CheckpointInfo& checkpoint, const Path& replay_dir) {
  remove_segments(fs, replay_dir);
  const Path from = Path(checkpoint.path).parent_path().parent_path() / "replay";
  for (const CheckpointInfo::File& file : checkpoint.files) {
    const std::string name = Path(file.name).filename().string();
    if (segment_number(name)) copy_segment(fs, from / name, replay_dir / name, file.sha256);
  }
  fs.sync_directory(replay_dir);
}

}  // namespace softac

#include "train/dataset.h"

#include <algorithm>

#include "base/json.h"
#include "config/resolve.h"
#include "config/toml_file.h"
#include "formats/minari.h"
#include "formats/strict_json.h"
#include "replay/segment_episodes.h"
#include "run/checkpoint.h"
#include "run/replay_log.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 36, kMaxDescriptionBytes = 1 << 26;

// The environment that a description names. What is wrong with it is no reason to refuse the data: it is for people.
std::string env_of(FileSystem& fs, const OfflineSource& source) {
  if (source.description.empty()) return "";
  if (source.kind == OfflineKind::minari) return minari_env_id(fs, source.description);
  const std::string name = source.description.string();
  try {
    if (source.kind == OfflineKind::checkpoint)
      return parse_run_config(fs.read_text(source.description, kMaxTomlBytes), name).config.env_id;
    const Json json = parse_strict_json(fs.read_text(source.description, kMaxDescriptionBytes), name);
    return json.at("env").get<std::string>();
  } catch (const Error&) {
    return "";
  } catch (const JsonError&) {
    return "";
  }
}

// The segments that a checkpoint names, once every byte is what its manifest says.
std::vector<Path> segments_of(FileSystem& fs, const Path& manifest) {
  const Path checkpoint = manifest.parent_path(), checkpoints = checkpoint.parent_path();
  std::vector<Path> out;
  for (const CheckpointInfo& info : find_checkpoints(fs, checkpoints, "*")) {
    if (info.name != checkpoint.filename().string()) continue;
    if (!info.complete) throw IoError("offline data " + info.path + " is damaged: " + info.error);
    for (const CheckpointInfo::File& file : info.files) {
      const std::string name = Path(file.name).filename().string();
      if (segment_number(name)) out.push_back(checkpoints.parent_path() / "replay" / name);
    }
    if (out.empty())
      throw IoError("offline data " + info.path + ": this checkpoint holds no replay (checkpoint_replay = false)");
    return out;
  }
  throw IoError("offline data " + checkpoint.string() + ": no such checkpoint");
}

void convert(const SegmentEpisode& from, DataEpisode& to) {
  to.name = "environment " + std::to_string(from.env) + ", records from " + std::to_string(from.first);
  to.steps = from.steps;
  to.obs.assign(from.obs.begin(), from.obs.end());
  to.actions.assign(from.actions.begin(), from.actions.end());
  to.rewards.assign(from.rewards.begin(), from.rewards.end());
  to.terminated = from.terminated;
  to.truncated = from.truncated;
}

void read_segments(FileSystem& fs, const std::vector<Path>& files, DatasetShape shape,
                   const std::function<void(const DatasetShape&)>& begin,
                   const std::function<void(const DataEpisode&)>& visit) {
  SegmentEpisodes segments;
  for (const Path& file : files) segments.add(fs.read_file(file, kMaxSegmentBytes), file.string());
  shape.obs_dim = segments.obs_dim();
  shape.act_dim = segments.act_dim();
  shape.policy_actions = true;
  segments.for_each([&](const SegmentEpisode& episode) {
    ++shape.episodes;
    shape.transitions += episode.steps;
  });
  if (shape.episodes == 0) throw IoError("offline data " + files.front().string() + ": no whole transition in it");
  begin(shape);
  DataEpisode out;
  segments.for_each([&](const SegmentEpisode& episode) {
    convert(episode, out);
    visit(out);
  });
}

}  // namespace

void read_dataset(FileSystem& fs, const Path& path, const std::function<void(const DatasetShape&)>& begin,
                  const std::function<void(const DataEpisode&)>& episode) {
  const OfflineSource source = find_offline_source(fs, path);
  DatasetShape shape;
  shape.kind = source.kind;
  shape.env_id = env_of(fs, source);
  if (source.kind == OfflineKind::segments) return read_segments(fs, source.files, shape, begin, episode);
  if (source.kind == OfflineKind::checkpoint)
    return read_segments(fs, segments_of(fs, source.files.front()), shape, begin, episode);
  read_minari(
      source.files.front(),
      [&](const MinariShape& found) {
        shape.episodes = found.episodes;
        shape.transitions = found.transitions;
        shape.obs_dim = found.obs_dim;
        shape.act_dim = found.act_dim;
        begin(shape);
      },
      episode);
}

}  // namespace softac

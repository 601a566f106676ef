#include "train/record_data.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/discrete_action.h"
#include "base/json.h"
#include "base/sha256.h"
#include "config/offline_files.h"
#include "formats/minari.h"
#include "replay/replay_segment.h"
#include "run/build_info.h"
#include "run/replay_log.h"
#include "softac/error.h"
#include "train/play_run.h"

namespace softac {
namespace {

constexpr std::int64_t kSegmentBytes = 4 << 20;  // about

// Keeps every transition.
class EpisodeRecorder final : public PlayWatcher {
 public:
  void on_open(const Env& env, const EvalStats&) override { spec_ = env.spec(); }

  PlayAnswer on_state(const PlayState& state) override {
    if (state.step == 0) {
      episodes_.emplace_back();
      policy_actions_.emplace_back();
    }
    DataEpisode& episode = episodes_.back();
    episode.obs.insert(episode.obs.end(), state.obs.begin(), state.obs.end());
    if (state.step == 0) return PlayAnswer::proceed;
    if (spec_.num_actions > 0)
      episode.actions.push_back(discrete_action_of(state.action[0], spec_.num_actions));
    else
      episode.actions.insert(episode.actions.end(), state.action.begin(), state.action.end());
    std::vector<float>& given = policy_actions_.back();
    given.insert(given.end(), state.policy_action.begin(), state.policy_action.end());
    episode.rewards.push_back(static_cast<double>(state.reward));
    episode.steps = state.step;
    episode.terminated = state.terminated;
    episode.truncated = state.ended && !state.terminated;
    return PlayAnswer::proceed;
  }

  const EnvSpec& spec() const { return spec_; }
  const std::vector<DataEpisode>& episodes() const { return episodes_; }
  std::int64_t transitions() const {
    std::int64_t sum = 0;
    for (const DataEpisode& episode : episodes_) sum += episode.steps;
    return sum;
  }

  // As a run's replay would have them.
  ReplayBuffer replay() const {
    ReplayBuffer out({spec_.obs_dim, spec_.act_dim, 1, std::max<std::int64_t>(transitions(), 2)});
    std::vector<float> obs(spec_.obs_dim), next_obs(spec_.obs_dim);
    const auto row = [&](const DataEpisode& episode, std::int64_t t, std::vector<float>& to) {
      for (int j = 0; j < spec_.obs_dim; ++j)
        to[static_cast<std::size_t>(j)] =
            static_cast<float>(episode.obs[static_cast<std::size_t>(t * spec_.obs_dim + j)]);
    };
    for (std::size_t i = 0; i < episodes_.size(); ++i) {
      const DataEpisode& episode = episodes_[i];
      for (std::int64_t t = 0; t < episode.steps; ++t) {
        row(episode, t, obs);
        row(episode, t + 1, next_obs);
        const bool last = t + 1 == episode.steps;
        out.add(0, obs, std::span(policy_actions_[i]).subspan(t * spec_.act_dim, spec_.act_dim),
                static_cast<float>(episode.rewards[static_cast<std::size_t>(t)]), next_obs, last && episode.terminated,
                last && episode.truncated);
      }
    }
    return out;
  }

 private:
  EnvSpec spec_;
  std::vector<DataEpisode> episodes_;               // actions in the environment's units
  std::vector<std::vector<float>> policy_actions_;  // (n, A) of each, in [−1, 1]
};

// A folder that gets its name when all that it holds is on the device.
class StagedFolder {
 public:
  StagedFolder(FileSystem& fs, Path path) : fs_(fs), path_(std::move(path)), staging_(path_) {
    staging_ += ".tmp";
    for (const Path& there : {path_, staging_}) {
      if (fs_.exists(there)) throw ConfigError(there.string() + " is in the way: it exists already");
    }
  }
  ~StagedFolder() {
    if (finished_ || !begun_) return;
    try {
      remove_tree(fs_, staging_);
    } catch (const Error&) {
      // What remains is named .tmp.
    }
  }
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  void write(const Path& name, std::span<const std::byte> bytes) {
    begun_ = true;
    fs_.make_directories((staging_ / name).parent_path());
    const auto file = fs_.open_write(staging_ / name, WriteMode::create_new);
    file->write(bytes);
    file->sync();
    file->close();
    files_.push_back({{"name", name.string()}, {"bytes", bytes.size()}, {"sha256", sha256_hex(bytes)}});
  }
  const Json& files() const { return files_; }  // written so far

  void finish() {
    for (const char* part : {kDatasetReplay, kDatasetMinari}) {
      if (fs_.is_directory(staging_ / part)) fs_.sync_directory(staging_ / part);
    }
    fs_.sync_directory(staging_);
    fs_.rename(staging_, path_);
    finished_ = true;
    fs_.sync_directory(path_.parent_path());
  }

 private:
  FileSystem& fs_;
  Path path_, staging_;
  Json files_ = Json::array();
  bool begun_ = false, finished_ = false;
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void write_replay(const ReplayBuffer& replay, StagedFolder& folder) {
  const std::int64_t records = std::max<std::int64_t>(kSegmentBytes / (4 * replay.num_words()), 1);
  const ReplayBuffer::Ring& ring = replay.ring(0);
  std::int64_t number = 1;
  for (std::int64_t first = ring.total - ring.size; first < ring.total; first += records) {
    const SegmentRange range{first, std::min(records, ring.total - first)};
    folder.write(Path(kDatasetReplay) / segment_name(number++), encode_segment(replay, std::span(&range, 1)));
  }
}

void write_minari(const EpisodeRecorder& recorded, StagedFolder& folder) {
  const EnvSpec& spec = recorded.spec();
  const MinariDataset dataset{spec.id, spec.obs_low, spec.obs_high, spec.act_low, spec.act_high, spec.num_actions};
  const std::vector<std::byte> data = encode_minari(dataset, recorded.episodes());
  folder.write(Path(kDatasetMinari) / kMinariFile, data);
  folder.write(Path(kDatasetMinari) / kMinariMetadata,
               bytes_of(minari_metadata(dataset, recorded.episodes(), data.size())));
}

std::string description(const std::string& run_dir, const EvaluateOptions& options, const EpisodeRecorder& recorded,
                        const EvalStats& stats, const Json& files) {
  const EnvSpec& spec = recorded.spec();
  const auto [least, most] = std::ranges::minmax(stats.returns);
  const Json out = {
      {"format", 1},
      {"softac_version", softac_version()},
      {"env", spec.id},
      {"obs_dim", spec.obs_dim},
      {"act_dim", spec.act_dim},
      {"num_actions", spec.num_actions},
      {"act_low", spec.act_low},
      {"act_high", spec.act_high},
      {"episodes", stats.returns.size()},
      {"transitions", recorded.transitions()},
      {"returns", {{"mean", stats.mean_return}, {"std", stats.std_return}, {"min", least}, {"max", most}}},
      {"policy",
       {{"run", run_dir},
        {"model", stats.model_path},
        {"step", stats.step},
        {"training_seed", stats.training_seed},
        {"seed", options.seed},
        {"deterministic", options.deterministic}}},
      {"files", files}};
  return out.dump(2) + "\n";
}

}  // namespace

RecordedData record_data(const std::string& run_dir, const EvaluateOptions& options, const std::string& path) {
  Path target = std::filesystem::absolute(path).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  StagedFolder folder(posix_file_system(), target);
  EpisodeRecorder recorded;
  RecordedData out;
  out.stats = play_run(run_dir, options, recorded);
  out.transitions = recorded.transitions();
  write_replay(recorded.replay(), folder);
  out.minari = has_minari();
  if (out.minari) write_minari(recorded, folder);
  folder.write(kDatasetFile, bytes_of(description(run_dir, options, recorded, out.stats, folder.files())));
  folder.finish();
  return out;
}

}  // namespace softac

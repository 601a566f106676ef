#include "train/snapshot.h"

#include <algorithm>
#include <cmath>

#include "base/digest.h"
#include "env/mujoco_version.h"
#include "run/checkpoint.h"
#include "softac/error.h"

namespace softac {
namespace {

void check_finite(const TensorFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    const auto finite = [](auto values) {
      return std::ranges::all_of(values, [](auto x) { return std::isfinite(x); });
    };
    if (!(tensor.type == TensorType::f64 ? finite(tensor.values<double>()) : finite(tensor.values<float>())))
      throw NumericsError("checkpoint: the tensor " + name + " is not finite");
  }
}

std::uint64_t bytes_of(const std::vector<TensorRef>& tensors) {
  std::uint64_t bytes = 0;
  for (const TensorRef& tensor : tensors)
    bytes += (tensor.is_double() ? 8 : 4) * static_cast<std::uint64_t>(num_elements(tensor.shape));
  return bytes;
}

}  // namespace

Snapshot take_snapshot(Training& training, const RunState& state) {
  Snapshot out;
  out.model = save_tensors(training.agent.model_tensors(), training.model_metadata());
  out.optimizer = save_tensors(training.agent.optimizer_tensors(), {});
  out.state = to_json(state);
  out.envs = training.envs->save_state();
  out.step = training.schedule.step();
  out.state_hash = training.state_hash();
  out.keep = {training.config.keep_checkpoints, training.config.keep_checkpoints_every};
  return out;
}

std::string write_snapshot(FileSystem& fs, const Path& run_dir, const Snapshot& snapshot) {
  check_finite(snapshot.model);
  check_finite(snapshot.optimizer);
  for (const Path& record : snapshot.records) {
    const auto file = fs.open_write(record, WriteMode::append);
    file->sync();
    file->close();
  }
  const auto put = [](const std::vector<std::byte>& bytes) {
    return [&bytes](WritableFile& file) { file.write(std::span<const std::byte>(bytes)); };
  };
  const std::vector<std::byte> model = encode_safetensors(snapshot.model),
                               optimizer = encode_safetensors(snapshot.optimizer);
  CheckpointFiles files = {{"model.safetensors", put(model)},
                           {"optimizer.safetensors", put(optimizer)},
                           {"state.json", [&](WritableFile& file) { file.write(snapshot.state); }},
                           {"state.envs", put(snapshot.envs)}};
  if (!snapshot.rings.empty()) files.emplace_back("state.replay", put(snapshot.rings));
  if (snapshot.best != nullptr) files.emplace_back(kBestInCheckpoint, put(snapshot.best->bytes));
  std::vector<SegmentEntry> segments;
  for (const auto& segment : snapshot.segments) segments.push_back({segment->name, segment->bytes, segment->sha256});
  return write_checkpoint(fs, run_dir / "checkpoints", snapshot.step, snapshot.state_hash, files, segments,
                          snapshot.keep);
}

RunState load_checkpoint(FileSystem& fs, const Path& replay_dir, const CheckpointInfo& info, Training& training,
                         ReplayLog* replay_log, std::vector<std::string>& notes) {
  const TrainConfig& config = training.config;
  const Path dir = info.path;
  const auto load = [&](const char* name, const std::vector<TensorRef>& tensors) {
    const Path path = dir / name;
    load_tensors(tensors, decode_safetensors(fs.read_file(path, kMaxModelBytes), path.string()), path.string());
  };
  load("model.safetensors", training.agent.model_tensors());
  load("optimizer.safetensors", training.agent.optimizer_tensors());
  const Path state_path = dir / "state.json";
  RunState state = parse_run_state(fs.read_text(state_path, kMaxRunStateBytes), state_path.string());
  training.set_run_state(state, state_path.string());
  training.envs->load_state(fs.read_file(dir / "state.envs", kMaxModelBytes));
  const bool has_replay = fs.exists(dir / "state.replay");
  ReplayLog once(training.replay);
  if (has_replay) (replay_log != nullptr ? *replay_log : once).load(fs, info, replay_dir);
  const bool exact = training.envs->can_save_state() && has_replay;
  if (exact && hash_text(training.state_hash()) != info.state_hash)
    throw IoError(info.path + ": what it holds is not the state that it was made of");

  if (!training.envs->can_save_state()) {
    notes.push_back(config.env_id + " cannot save its state: the run resumes with new episodes");
    for (int env = 0; env < config.n_envs; ++env) training.replay.end_episode(env);
  }
  if (!has_replay) {
    const std::int64_t first = std::max<std::int64_t>(config.learning_starts, config.sac.batch_size);
    training.schedule.hold_updates(first);
    if (state.step > 0) {
      notes.push_back("the checkpoint holds no replay: updates resume after " + std::to_string(first) +
                      " more steps of the policy");
    }
  }
  if (state.mujoco_version != mujoco_version())
    notes.push_back("the run used MuJoCo " + state.mujoco_version + ", this is " + mujoco_version());
  return state;
}

std::uint64_t checkpoint_bytes(Training& training) {
  const TrainConfig& config = training.config;
  const std::uint64_t model = bytes_of(training.agent.model_tensors());
  std::uint64_t bytes = 16'384 + model + bytes_of(training.agent.optimizer_tensors());  // 16 KiB: headers, state
  if (config.max_rollbacks > 0) bytes += model;                                         // the best model as well
  const std::int64_t taken = config.checkpoint_freq > 0 ? config.total_timesteps / config.checkpoint_freq + 1 : 1;
  std::int64_t kept = std::min(config.keep_checkpoints, std::max<std::int64_t>(taken, 3));
  if (config.keep_checkpoints_every > 0) kept += taken / config.keep_checkpoints_every;
  if (!config.checkpoint_replay) return static_cast<std::uint64_t>(kept) * bytes;
  // Old checkpoints name segments that the buffer itself has left behind.
  const bool old = config.keep_checkpoints_every > 0 || config.keep_checkpoints > 3;
  ReplayShape shape = training.replay.shape();
  if (old) shape.buffer_size = std::max(shape.buffer_size, std::min<std::int64_t>(config.total_timesteps, 1LL << 40));
  return static_cast<std::uint64_t>(kept) * bytes + ReplayBuffer::bytes_needed(shape);
}

}  // namespace softac

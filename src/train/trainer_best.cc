// best/: the networks of the best evaluation so far, one file replaced atomically; the manifest beside it repeats what
// its header says, with its sum. A run that may go back keeps them in its checkpoints as well, so that best/ can go
// back with it.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/sha256.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "train/trainer_impl.h"

namespace softac {

namespace {

constexpr const char* kModel = "model.safetensors";
constexpr const char* kManifest = "manifest.json";

void write_best(FileSystem& fs, const Path& dir, const BestModel& best) {
  const nlohmann::ordered_json manifest = {
      {"format", 1},
      {"step", best.step},
      {"mean_reward", best.mean_return},
      {"episodes", best.num_episodes},
      {"files", {{kModel, {{"bytes", best.bytes.size()}, {"sha256", sha256_hex(best.bytes)}}}}}};
  write_file_atomic(fs, dir / kModel, best.bytes);
  write_file_atomic(fs, dir / kManifest, manifest.dump(2) + "\n");
}

void remove_best(FileSystem& fs, const Path& dir) {
  for (const char* name : {kManifest, kModel}) {
    if (fs.exists(dir / name)) fs.remove(dir / name);
  }
  fs.sync_directory(dir);
}

}  // namespace

void Trainer::Impl::save_best(const EvalStats& stats) {
  auto metadata = model_metadata();
  metadata["mean_reward"] = nlohmann::json(stats.mean_return).dump();
  auto made = std::make_shared<BestModel>();
  made->bytes = encode_safetensors(save_tensors(agent.model_tensors(), metadata));
  made->step = step;
  made->mean_return = stats.mean_return;
  made->num_episodes = static_cast<std::int64_t>(stats.returns.size());
  if (config.max_rollbacks > 0) best_model = made;
  writer->submit([this, made] { write_best(fs, run_dir->path() / "best", *made); });
}

// To be called when the checkpoint has been loaded. A run that never goes back finds the same best again by itself.
void Trainer::Impl::restore_best(const CheckpointInfo& info) {
  if (config.max_rollbacks == 0) return;
  best_model.reset();
  const Path kept = Path(info.path) / kBestInCheckpoint, dir = run_dir->path() / "best";
  if (std::isnan(best_eval_return)) {
    writer->submit([this, dir] { remove_best(fs, dir); });
  } else if (fs.exists(kept)) {
    auto found = std::make_shared<BestModel>();
    found->bytes = fs.read_file(kept, kMaxModelBytes);
    found->step = saved_step(decode_safetensors(found->bytes, kept.string())).value_or(0);
    found->mean_return = best_eval_return;
    found->num_episodes = config.n_eval_episodes;
    best_model = found;
    writer->submit([this, dir, found] { write_best(fs, dir, *found); });
  }
}

}  // namespace softac

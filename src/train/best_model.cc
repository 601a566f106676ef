#include "train/best_model.h"

#include "base/atomic_file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "run/checkpoint.h"

namespace softac {
namespace {

constexpr const char* kModel = "model.safetensors";
constexpr const char* kManifest = "manifest.json";

}  // namespace

BestModel make_best(const std::vector<TensorRef>& tensors, std::map<std::string, std::string> metadata,
                    const EvalStats& stats) {
  metadata["mean_reward"] = Json(stats.mean_return).dump();
  BestModel best;
  best.bytes = encode_safetensors(save_tensors(tensors, std::move(metadata)));
  best.step = stats.step;
  best.mean_return = stats.mean_return;
  best.num_episodes = static_cast<std::int64_t>(stats.returns.size());
  return best;
}

void write_best(FileSystem& fs, const Path& dir, const BestModel& best) {
  const Json manifest = {{"format", 1},
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

BestModel read_best(FileSystem& fs, const Path& file) {
  BestModel best;
  best.bytes = fs.read_file(file, kMaxModelBytes);
  best.step = saved_step(decode_safetensors(best.bytes, file.string())).value_or(0);
  return best;
}

}  // namespace softac

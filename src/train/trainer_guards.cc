// What guards a run: the bounds of α, the crash bundle that a number leaves which is not finite, and the way back to
// the last good checkpoint.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "run/checkpoint.h"
#include "softac/error.h"
#include "train/trainer_impl.h"

namespace softac {

namespace {

// After rollback k every generator of training stands k · 2^44 words behind where the checkpoint left it: a stream that
// (seed, k) names, of which no two overlap within 10^13 draws.
constexpr std::uint64_t kRollbackJump = std::uint64_t{1} << 44;

Tensor rows_of(const Panels<float>& x, int first_row, int num_rows, int first_column, int num_columns) {
  std::vector<float> values;
  for (int r = first_row; r < first_row + num_rows; ++r) {
    for (int c = first_column; c < first_column + num_columns; ++c) values.push_back(x.at(r, c));
  }
  return Tensor::from<float>({num_rows, num_columns}, values);
}

}  // namespace

// Said once for each bound of a learned α.
void Trainer::Impl::warn_of_bounds() {
  if (last_update.ent_coef_bound == 0) return;
  const bool low = last_update.ent_coef_bound < 0;
  bool& said = low ? said_low_alpha : said_high_alpha;
  if (said) return;
  said = true;
  say("warning: the temperature α " + std::string(low ? "collapses" : "explodes") + " at step " + std::to_string(step) +
      "; it is held at " + (low ? "ent_coef_min" : "ent_coef_max"));
}

// Said for the 1st, 2nd, 4th, 8th … of them.
void Trainer::Impl::warn_of_failures() {
  const std::int64_t count = envs->num_failures();
  while (said_failures < count) said_failures = std::max<std::int64_t>(1, 2 * said_failures);
  say("warning: " + envs->last_failure() + "; it starts a new episode (" + std::to_string(count) + " failures so far)");
}

// crash/step-000001234[.k]/: networks, moments, the batch, counters and generators at the moment of the failure.
std::string Trainer::Impl::write_crash_bundle(const std::string& text) {
  const Path parent = run_dir->path() / "crash";
  char name[48];
  std::snprintf(name, sizeof(name), "step-%09lld", static_cast<long long>(step));
  Path dir = parent / name;
  for (int k = 2; fs.exists(dir); ++k) dir = parent / (name + std::string(".") + std::to_string(k));
  fs.make_directories(dir);
  write_safetensors(fs, dir / "model.safetensors", save_tensors(agent.model_tensors(), model_metadata()));
  write_safetensors(fs, dir / "optimizer.safetensors", save_tensors(agent.optimizer_tensors(), {}));
  const BatchView<float> batch = agent.batch();
  const int size = batch.batch_size, obs_dim = batch.obs_dim;
  TensorFile file;
  file.metadata = {{"error", text}};
  file.tensors["obs"] = rows_of(batch.x, 0, size, 0, obs_dim);
  file.tensors["action"] = rows_of(batch.x, 0, size, obs_dim, batch.act_dim);
  file.tensors["next_obs"] = rows_of(batch.x, size, size, 0, obs_dim);
  const auto vector_of = [size](const float* values) {
    return Tensor::from<float>({size}, std::vector<float>(values, values + size));
  };
  file.tensors["reward"] = vector_of(batch.reward);
  file.tensors["discount"] = vector_of(batch.discount);
  write_safetensors(fs, dir / "batch.safetensors", file);
  run_dir->write_text((Path("crash") / dir.filename() / "error.txt").c_str(), text + "\n");
  // Numbers that are not finite become null there: it is for reading, not for going on.
  run_dir->write_text((Path("crash") / dir.filename() / "state.json").c_str(), to_json(run_state()));
  return dir.string();
}

// Goes back to the newest intact checkpoint, with generators of their own; false where that is not wanted, not wanted
// any more, or there is none.
bool Trainer::Impl::roll_back(const std::string& why) {
  if (!run_dir) return false;
  std::string bundle;
  try {
    bundle = write_crash_bundle(why);
    say("what led to it is in " + bundle);
  } catch (const Error& error) {
    say(std::string("the crash bundle could not be written: ") + error.what());
  }
  if (num_rollbacks >= config.max_rollbacks) return false;
  try {
    writer->drain();
    look_at_writer();
  } catch (const NumericsError&) {  // a checkpoint that was refused for the same reason
  }
  writer.emplace();
  const auto choice = choose_checkpoint_to_resume(fs, run_dir->path() / "checkpoints");
  if (!choice.found) return false;
  const std::int64_t failed_at = step, next_rollback = num_rollbacks + 1;
  recorder->flush();
  notes.clear();
  const RunState state = load_checkpoint(*choice.found);
  recorder->close();
  recorder.emplace(fs, run_dir->path(), config, target_entropy(), wall_time(), &state.records);
  if (config.eval_freq > 0) write_evaluations();
  restore_best(*choice.found);
  num_rollbacks = next_rollback;
  const auto jump = [&](Rng& rng) { rng.set_position(rng.position() + kRollbackJump); };
  jump(sample_rng);
  for (Rng& rng : collector.act_rngs()) jump(rng);
  for (Rng& rng : collector.warmup_rngs()) jump(rng);
  SacAgent::Counters counters = agent.counters();
  counters.update_rng_position += kRollbackJump;
  agent.set_counters(counters);
  start_time = std::chrono::steady_clock::now();
  first_step = std::min(first_step, step);
  for (const std::string& note : notes) say(note);
  say("step " + std::to_string(failed_at) + ": " + why + "; rollback " + std::to_string(num_rollbacks) + " of " +
      std::to_string(config.max_rollbacks) + " to " + choice.found->name);
  save_checkpoint();  // keeps the number of rollbacks
  return true;
}

}  // namespace softac

#include "train/guards.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/atomic_file.h"
#include "env/foreign_guard.h"
#include "run/checkpoint.h"
#include "softac/error.h"

namespace softac {

namespace {

// After rollback k every generator of training is k · 2^44 words beyond where the checkpoint left it: a sequence that
// depends on (seed, k) alone; no two overlap within 10^13 draws.
constexpr std::uint64_t kRollbackJump = std::uint64_t{1} << 44;

Tensor rows_of(const Panels<float>& x, int first_row, int num_rows, int first_column, int num_columns) {
  std::vector<float> values;
  for (int r = first_row; r < first_row + num_rows; ++r) {
    for (int c = first_column; c < first_column + num_columns; ++c) values.push_back(x.at(r, c));
  }
  return Tensor::from<float>({num_rows, num_columns}, values);
}

const char* what_is_not_finite(const UpdateMetrics& metrics) {
  if (!std::isfinite(metrics.critic_loss)) return "critic loss";
  if (!std::isfinite(metrics.value_loss)) return "loss of the state values";
  if (!std::isfinite(metrics.actor_loss)) return "actor loss";
  if (!std::isfinite(metrics.ent_coef_loss)) return "temperature loss";
  if (!std::isfinite(metrics.ent_coef)) return "temperature";
  return "gradient or parameter";
}

}  // namespace

void Guards::check(const UpdateMetrics& metrics) const {
  if (metrics.finite) return;
  throw NumericsError("update " + std::to_string(training_.agent.num_updates()) + ": " + what_is_not_finite(metrics) +
                      " is not finite");
}

void Guards::warn_of_bounds(const UpdateMetrics& metrics) {
  if (metrics.ent_coef_bound == 0) return;
  const bool low = metrics.ent_coef_bound < 0;
  bool& said = low ? said_low_alpha_ : said_high_alpha_;
  if (said) return;
  said = true;
  say_("warning: the temperature α " + std::string(low ? "collapses" : "explodes") + " at step " +
       std::to_string(training_.schedule.step()) + "; it is held at " + (low ? "ent_coef_min" : "ent_coef_max"));
}

void Guards::warn_of_failures() {
  for (const std::string& text : take_foreign_warnings()) say_("warning: " + text);
  const std::int64_t count = training_.envs->num_failures();
  if (count <= said_failures_) return;
  while (said_failures_ < count) said_failures_ = std::max<std::int64_t>(1, 2 * said_failures_);
  say_("warning: " + training_.envs->last_failure() + "; it starts a new episode (" + std::to_string(count) +
       " failures so far)");
}

// crash/step-000001234[.k]/: networks, moments, the batch, counters and generators at the moment of the failure.
std::string Guards::write_crash_bundle(const std::string& text) {
  const Path parent = writer_->path() / "crash";
  char name[48];
  std::snprintf(name, sizeof(name), "step-%09lld", static_cast<long long>(training_.schedule.step()));
  Path dir = parent / name;
  for (int k = 2; fs_.exists(dir); ++k) dir = parent / (name + std::string(".") + std::to_string(k));
  fs_.make_directories(dir);
  write_safetensors(fs_, dir / "model.safetensors",
                    save_tensors(training_.agent.model_tensors(), training_.model_metadata()));
  write_safetensors(fs_, dir / "optimizer.safetensors", save_tensors(training_.agent.optimizer_tensors(), {}));
  const BatchView<float> batch = training_.agent.batch();
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
  write_safetensors(fs_, dir / "batch.safetensors", file);
  write_file_atomic(fs_, dir / "error.txt", text + "\n");
  // Numbers that are not finite become null there: it is for reading, not for resuming.
  write_file_atomic(fs_, dir / "state.json", to_json(writer_->run_state()));
  return dir.string();
}

bool Guards::roll_back(const std::string& why, const Outcome& outcome,
                       const RunWriter::CheckpointHeard& on_checkpoint) {
  if (writer_ == nullptr) return false;
  try {
    say_("what led to it is in " + write_crash_bundle(why));
  } catch (const Error& error) {
    say_(std::string("the crash bundle could not be written: ") + error.what());
  }
  const int max_rollbacks = training_.config.max_rollbacks;
  if (training_.num_rollbacks >= max_rollbacks) return false;
  try {
    writer_->drain();
    writer_->look(outcome, on_checkpoint);
  } catch (const NumericsError&) {  // a checkpoint that was refused for the same reason
  }
  const std::int64_t failed_at = training_.schedule.step(), number = training_.num_rollbacks + 1;
  const std::string checkpoint = writer_->roll_back();
  if (checkpoint.empty()) return false;
  training_.num_rollbacks = number;
  training_.for_each_rng([](Rng& rng) { rng.set_position(rng.position() + kRollbackJump); });
  training_.collector.noise_repetition().end_runs();
  SacAgent::Counters counters = training_.agent.counters();
  counters.update_rng_position += kRollbackJump;
  training_.agent.set_counters(counters);
  for (const std::string& note : writer_->notes()) say_(note);
  say_("step " + std::to_string(failed_at) + ": " + why + "; rollback " + std::to_string(number) + " of " +
       std::to_string(max_rollbacks) + " to " + checkpoint);
  writer_->save_checkpoint();  // keeps the number of rollbacks
  return true;
}

}  // namespace softac

// What a run consists of, each part with its own state: what a checkpoint holds, and what its digest covers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "replay/replay_buffer.h"
#include "run/run_state.h"
#include "softac/agent.h"
#include "softac/config.h"
#include "softac/schedule.h"
#include "softac/train_summary.h"
#include "softac/vec_env.h"
#include "train/collector.h"
#include "train/offline_data.h"
#include "train/run_clock.h"
#include "train/sampler.h"
#include "train/statistics.h"

namespace softac {

struct Training {
  // memory_limit: bytes for the replay; 0 = what the machine leaves. Throws ConfigError with everything that is wrong
  // with the settings, MemoryError, and as make_env and load_offline_data do.
  Training(const TrainConfig& settings, std::uint64_t memory_limit,
           const std::function<void(const std::string&)>& on_hang);

  TrainConfig config;
  std::unique_ptr<VecEnv> envs;
  SacAgent agent;
  ReplayBuffer replay;
  std::unique_ptr<OfflineData> offline;  // nullptr without offline_data
  Collector collector;
  Sampler sampler;
  Schedule schedule;
  Statistics statistics;
  RunClock clock;
  std::int64_t num_rollbacks = 0;  // of the whole run
  Due due;                         // after the last vector step, still to be done

  // Every generator of the training thread but the agent's.
  void for_each_rng(const std::function<void(Rng&)>& visit);

  std::uint64_t state_hash();  // see Trainer::state_hash
  TrainSummary summary() const;
  double left_sec() const;  // see TrainSummary
  RunState run_state();     // all but the positions of the records
  // Throws IoError if the state is that of a run of another shape; `source` names its file.
  void set_run_state(const RunState& state, const std::string& source);
  std::map<std::string, std::string> model_metadata() const;
};

}  // namespace softac

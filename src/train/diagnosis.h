// Live diagnostics of a run (docs/diagnostics.md): every diag_freq environment steps, from a copy of the learner, with
// its own environments and generators. A diagnosis depends on the learner, the replay, the seed and its number alone
// and changes nothing of the run, so a run ends in the same state with it and without, and resumes exactly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "diag/learner_probe.h"
#include "diag/q_bias.h"
#include "replay/replay_buffer.h"
#include "softac/agent.h"
#include "softac/config.h"
#include "softac/diagnostics.h"

namespace softac {

class Diagnosis {
 public:
  // agent: of the same shapes as the one to look at. Throws as make_env does.
  Diagnosis(const TrainConfig& config, const SacAgent& agent, std::function<void(const std::string&)> on_timeout = {});

  // The values of the diagnosis at `step`, the CPU time that it took last ("time/diag_sec"). The replay holds at least
  // one transition. Throws EnvError, NumericsError, and StoppedError, of which nothing remains.
  const std::vector<DiagnosticValue>& run(SacAgent& agent, ReplayBuffer& replay, std::int64_t step,
                                          const StopRequest& stop = {});

  std::int64_t count() const { return count_; }  // since construction
  double cpu_sec() const { return cpu_sec_; }    // of all of them
  double cpu_share() const;                      // of what this process has used since construction

 private:
  std::uint64_t seed_;
  std::int64_t freq_;
  std::unique_ptr<LearnerProbe> probe_;
  QBias q_bias_;
  std::vector<DiagnosticValue> values_;
  std::int64_t count_ = 0;
  double cpu_sec_ = 0.0;
  double process_start_sec_;
};

}  // namespace softac

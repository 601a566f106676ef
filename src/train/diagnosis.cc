#include "train/diagnosis.h"

#include <cmath>

#include "base/cpu_time.h"

namespace softac {

Diagnosis::Diagnosis(const TrainConfig& config, const SacAgent& agent,
                     std::function<void(const std::string&)> on_timeout)
    : seed_(config.seed),
      freq_(config.diag_freq),
      probe_(std::make_unique<LearnerProbe>(agent.obs_dim(), agent.act_dim(), agent.config(), agent.backend_name())),
      q_bias_(config, std::move(on_timeout)),
      process_start_sec_(process_cpu_sec()) {}

// All on the calling thread: its clock is the whole cost.
const std::vector<DiagnosticValue>& Diagnosis::run(SacAgent& agent, ReplayBuffer& replay, std::int64_t step,
                                                   const StopRequest& stop) {
  const double start_sec = thread_cpu_sec();
  const std::int64_t number = step / freq_;
  values_.clear();
  probe_->copy(agent.model_tensors());

  const QBiasEstimate bias = q_bias_.run(*probe_, diagnostic_rng(seed_, DiagnosticStream::rollout, number), stop);
  values_.push_back({"diag/q_bias_mean", bias.mean});
  values_.push_back({"diag/q_bias_std", bias.std});
  values_.push_back({"diag/q_bias_mean_normalised", bias.mean / std::fabs(bias.mean_return)});
  values_.push_back({"diag/q_bias_std_normalised", bias.std / std::fabs(bias.mean_return)});
  values_.push_back({"diag/q_soft_return", bias.mean_return});
  values_.push_back({"diag/q_final_weight", bias.final_weight});
  values_.push_back({"diag/q_pairs", static_cast<double>(bias.pairs)});

  if (stop.asked()) throw stop.error("in a diagnosis");
  Rng batch_rng = diagnostic_rng(seed_, DiagnosticStream::batch, number);
  replay.sample(batch_rng, probe_->batch());
  probe_->measure(seed_, number, values_);

  const double used_sec = thread_cpu_sec() - start_sec;
  values_.push_back({"time/diag_sec", used_sec});
  cpu_sec_ += used_sec;
  ++count_;
  return values_;
}

double Diagnosis::cpu_share() const {
  return cpu_sec_ / (process_cpu_sec() - process_start_sec_);
}

}  // namespace softac

// The probe of the learner with discrete actions (agent/learner_probe.h). Its expectations over actions are exact, so
// that it has no estimators to compare.
#pragma once

#include "agent/discrete_sac.h"
#include "agent/learner_probe.h"

namespace softac {

class DiscreteProbe final : public LearnerProbe {
 public:
  DiscreteProbe(int obs_dim, const SacConfig& config, const std::string& backend);

  double alpha() const override { return static_cast<double>(sac_.alpha()); }
  bool act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
           std::span<double> entropy) override;
  void min_q(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
             std::span<double> q) override;

  void copy(std::vector<TensorRef> model_tensors) override;
  BatchView<float> batch() override { return sac_.batch(); }
  void measure(std::uint64_t seed, std::int64_t number, std::vector<DiagnosticValue>& out) override;

 private:
  // Every critic's values at the first `rows` rows of x_: out (N, rows, A).
  void all_q(int rows, bool target, std::vector<double>& out);
  void set_rows(std::span<const float> obs, int first, int count);

  SacConfig config_;
  int obs_dim_, num_actions_, block_;
  DiscreteSac<float> sac_;
  Arena arena_;
  MlpTape<float> tape_, critic_tape_;  // (block)
  Panels<float> x_;                    // (block, O)
  Panels<float> out_;                  // (block, A)
  std::vector<float> pi_;
};

}  // namespace softac

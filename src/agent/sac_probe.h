// The probe of the continuous learner (agent/learner_probe.h).
#pragma once

#include "agent/boltzmann_target.h"
#include "agent/gradient_probe.h"
#include "agent/learner_probe.h"
#include "agent/sac.h"

namespace softac {

class SacProbe final : public LearnerProbe {
 public:
  SacProbe(int obs_dim, int act_dim, const SacConfig& config, const std::string& backend);

  double alpha() const override { return static_cast<double>(sac_.alpha()); }
  bool act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
           std::span<double> entropy) override;
  void min_q(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
             std::span<double> q) override;

  void copy(std::vector<TensorRef> model_tensors) override;
  BatchView<float> batch() override { return sac_.batch(); }
  void measure(std::uint64_t seed, std::int64_t number, std::vector<DiagnosticValue>& out) override;

 private:
  // Each reads the batch's states; the first also its actions.
  void measure_networks(std::vector<DiagnosticValue>& out);
  void measure_policy(Rng noise, std::vector<DiagnosticValue>& out);
  void measure_target(Rng& rng, std::vector<DiagnosticValue>& out);
  void measure_gradients(const Rng& noise, std::vector<DiagnosticValue>& out);

  SacConfig config_;
  int obs_dim_, act_dim_;
  Sac<float> sac_;
  GradientProbe gradients_;
  Arena arena_;
  MlpTape<float> actor_tape_, critic_tape_;  // (block)
  PolicySamples<float> samples_;             // (block)
  Panels<float> x_;                          // (block, O + A)
  Panels<float> head_;                       // (block, columns of the actor)
  std::vector<float> q_;                     // (block)
};

}  // namespace softac

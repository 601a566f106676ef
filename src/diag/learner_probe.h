// A copy of a learner that diagnoses it: one thread, its own generators, so that nothing it does touches training.
// What it says is a function of the networks, the batch and (seed, number) alone; nothing carries over from one
// diagnosis to the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/acting.h"
#include "agent/critic_reader.h"
#include "agent/update.h"
#include "diag/gradient_probe.h"
#include "diag/soft_returns.h"
#include "softac/agent.h"
#include "softac/diagnostics.h"

namespace softac {

// Generators of diagnoses: streams beside those of the evaluation, far from its indices.
enum class DiagnosticStream : std::uint32_t { batch = 0, policy = 1, target = 2, gradient = 3, rollout = 4 };
inline Rng diagnostic_rng(std::uint64_t seed, DiagnosticStream purpose, std::int64_t number) {
  return Rng(
      seed, StreamKind::eval_env,
      (1u << 30) | static_cast<std::uint32_t>(purpose) << 26 | static_cast<std::uint32_t>(number & ((1 << 26) - 1)));
}

class LearnerProbe final : public SoftValues {
 public:
  // config: the learner's, with num_actions.
  LearnerProbe(int obs_dim, int act_dim, const SacConfig& config, const std::string& backend);

  // Networks and α of the learner as they are now.
  void copy(const std::vector<TensorRef>& model_tensors);

  // In units of the rewards, as values().
  double alpha() const override { return static_cast<double>(update_.alpha()) * unit(); }
  bool act(std::span<const float> obs, int rows, Rng& noise, std::span<float> actions,
           std::span<double> entropy) override;
  void values(std::span<const float> obs, std::span<const float> actions, int rows, bool target,
              std::span<double> q) override;

  // The batch to fill before measure(): config.batch_size rows, as SacAgent::batch().
  BatchView<float> batch() { return update_.batch(); }
  // Appends what the batch tells; always the same names in the same order, NaN where a value has no meaning now.
  void measure(std::uint64_t seed, std::int64_t number, std::vector<DiagnosticValue>& out);

 private:
  double unit() const { return update_.state().reward_unit(); }
  bool continuous() const { return config_.num_actions == 0; }
  // The critics at rows 0 … count − 1 of x_, into out_.
  void critic_pass(int count);

  // Each reads the batch's states; the first also its actions.
  void measure_networks(std::vector<DiagnosticValue>& out);
  void measure_policy(Rng noise, std::vector<DiagnosticValue>& out);
  void measure_target(Rng& rng, std::vector<DiagnosticValue>& out);
  void measure_gradients(const Rng& noise, std::vector<DiagnosticValue>& out);
  void measure_discrete(std::vector<DiagnosticValue>& out);

  SacConfig config_;
  int obs_dim_, act_dim_, rows_;  // rows_: of a pass, at most
  SacUpdate<float> update_;
  Acting<float> acting_;
  CriticReader<float> critics_;
  std::vector<float> combined_;
  std::optional<GradientProbe> gradients_;  // of the single Gaussian
  Arena arena_;
  NetworkTape<float> actor_tape_, critic_tape_;  // (rows)
  Panels<float> x_;                              // (rows, columns of a critic)
  Outputs<float> head_;                          // (rows, columns of the actor)
  std::vector<Outputs<float>> out_;              // N × (rows, outputs of a critic)
  std::vector<float> value_;                     // (rows)
  std::vector<int> carrier_, chosen_;            // (rows)
};

}  // namespace softac

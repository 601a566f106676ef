// A copy of a learner that diagnoses it: one thread, generators of its own, so that nothing it does touches training.
// What it says is a function of the networks, the batch and (seed, number) alone; nothing carries over from one
// diagnosis to the next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/soft_returns.h"
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

class LearnerProbe : public SoftValues {
 public:
  // Networks and α of the learner as they are now.
  virtual void copy(std::vector<TensorRef> model_tensors) = 0;

  // The batch to fill before measure(): config.batch_size rows, as SacAgent::batch().
  virtual BatchView<float> batch() = 0;

  // Appends what the batch tells; always the same names in the same order, NaN where a value has no meaning now.
  virtual void measure(std::uint64_t seed, std::int64_t number, std::vector<DiagnosticValue>& out) = 0;

 protected:
  // Assigns tensors by name; both are the learner's list.
  static void assign(const std::vector<TensorRef>& from, const std::vector<TensorRef>& to);
};

// config: the learner's, with num_actions; a discrete learner has a probe of its own kind.
std::unique_ptr<LearnerProbe> make_learner_probe(int obs_dim, int act_dim, const SacConfig& config,
                                                 const std::string& backend);

}  // namespace softac

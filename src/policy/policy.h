// A policy π(a|s): what the outputs of the actor's network (the head) mean. Const; samples and gradients are the
// caller's, and all work is done on the calling thread, on the rows it is given.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "math/arena.h"
#include "math/kernel_table.h"
#include "nn/graph.h"
#include "nn/params.h"
#include "policy/samples.h"
#include "softac/policy_parameters.h"
#include "softac/rng.h"
#include "softac/sac_config.h"

namespace softac {

// J_π = scale · Σ_b Σ_k w_k f_k over the B rows of a batch, f_k = α log π(a_k|s) − v(a_k), with v what the critics say.
template <class T>
struct ActorLoss {
  const T* terms = nullptr;      // (K·B) f_k of row b at k·B + b
  const T* row_terms = nullptr;  // (B) Σ_k w_k f_k
  const T* d_action = nullptr;  // row-lane, rows k·B + b: −1/B · ∂v/∂a at a_k; only where the policy asks for it
  T* row_weight = nullptr;      // (B) for prepare()
  int batch_size = 0;           // B
  T alpha = T(0);
};

// One part of the head as tensors in files: "mu", A outputs.
struct HeadPart {
  std::string name;
  int outputs = 0;
};

// What acting makes of the head, as values of a graph.
struct ActingValues {
  std::string kind;        // "squashed Gaussian"
  int action = -1;         // the deterministic action in the units of SacAgent::act, or the index of a discrete one
  int drawn = -1;          // the same of an action that the graph's noise decides
  int logits = -1;         // discrete actions: unnormalised log π
  int probabilities = -1;  // discrete actions: π
};

template <class T>
class Policy {
 public:
  virtual ~Policy() = default;

  virtual int head_columns() const = 0;
  virtual std::vector<HeadPart> head_parts() const = 0;  // in the order of the columns
  virtual int num_actions() const = 0;                   // K
  // Whether actions are continuous: critics then read them as inputs, and each has noise eps. Discrete actions are
  // outputs of the critics.
  virtual bool continuous() const = 0;

  virtual WeightedActions<T> make_samples(Arena& arena, int rows) const = 0;
  // Fills rows [first, first + count) of the samples from their head and eps.
  virtual void sample(const KernelTable<T>& k, const WeightedActions<T>& samples, int first, int count) const = 0;

  // How the actor's gradient is taken: through the actions (pathwise), or from the terms alone.
  virtual bool needs_action_gradient() const = 0;
  // Before backward(), once for all rows.
  virtual void prepare(const ActorLoss<T>&) const {}
  // d_head (B, columns) of J_π for rows [first, first + count) of samples and batch alike.
  virtual void backward(const KernelTable<T>& k, const WeightedActions<T>& samples, const ActorLoss<T>& loss, int first,
                        int count, Panels<T> d_head) const = 0;

  // Acting: the noise of a row before sample() (null: none, the deterministic action), and the choice after it, which
  // writes the action and returns which of the K it is. `finite` becomes false if the action is not.
  virtual void draw_noise(const WeightedActions<T>& samples, int row, Rng* noise) const = 0;
  virtual int choose(const WeightedActions<T>& samples, int row, Rng* noise, T* action, bool& finite) const = 0;

  // Continuous policies: what a row's head says.
  virtual PolicyParameters parameters(const WeightedActions<T>& samples, int row) const = 0;

  // Adds what acting does with the parts of the head, values of the graph, and with noise that it adds itself. Throws
  // ConfigError that names the head where the policy has no description.
  virtual ActingValues describe(PolicyGraph& /*graph*/, const std::vector<int>& /*parts*/) const {
    std::string names;
    for (const HeadPart& part : head_parts()) names += (names.empty() ? "" : ", ") + part.name;
    throw_no_description("the policy with the head (" + names + ")");
  }

  // Changes the first values of the head's layer. params: the actor's whole vector.
  virtual void init_head(const Slot& /*head*/, T* /*params*/, Rng& /*rng*/) const {}
};

// The policy that the settings ask for. The config must have been validated.
template <class T>
std::unique_ptr<Policy<T>> make_policy(int act_dim, const SacConfig& config);

extern template std::unique_ptr<Policy<float>> make_policy(int, const SacConfig&);
extern template std::unique_ptr<Policy<double>> make_policy(int, const SacConfig&);

}  // namespace softac

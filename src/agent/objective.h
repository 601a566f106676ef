// What the critics learn, and what the actor takes from them: how wide a critic's output is, the target y, the loss,
// and the value of an action. One file for each objective.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "math/kernel_table.h"
#include "nn/graph.h"
#include "nn/outputs.h"
#include "policy/samples.h"
#include "softac/panels.h"
#include "softac/sac_config.h"

namespace softac {

// What N critics put out for one action in each row of the batch: M values each.
template <class T>
struct CriticValues {
  std::span<const Outputs<T>> critics;
  int first_row = 0;     // of the outputs: row 0 of the batch
  int first_column = 0;  // of the outputs: value 0 of the action

  int num_critics() const { return static_cast<int>(critics.size()); }
  T at(int critic, int row, int j = 0) const { return critics[critic].at(first_row + row, first_column + j); }
};

// The weighted actions at s' and what bootstraps from them: n draws of K actions each, n·K in all.
template <class T>
struct NextValues {
  std::span<const Outputs<T>> critics;
  const WeightedActions<T>* actions = nullptr;
  int first_row = 0;        // of the actions: the first draw's row 0
  int batch_size = 0;       // B
  int num_draws = 1;        // n
  bool as_columns = false;  // the K actions are columns of the critics' outputs, not rows
  int num_outputs = 1;      // M

  int num_actions() const { return num_draws * actions->num_actions; }
  CriticValues<T> values(int action) const {
    if (as_columns) return {critics, 0, action * num_outputs};
    return {critics, action * batch_size, 0};
  }
  T weight(int action, int row) const { return actions->weight[index(action, row)]; }
  T log_pi(int action, int row) const { return actions->log_pi[index(action, row)]; }

 private:
  int index(int action, int row) const {
    const int k = actions->num_actions;
    return actions->at(first_row + action / k * batch_size + row, action % k);
  }
};

template <class T>
class CriticObjective {
 public:
  virtual ~CriticObjective() = default;

  virtual int num_outputs() const = 0;                                // M, of a critic for each action
  virtual int target_width(int num_next_actions) const = 0;           // columns of y
  virtual std::int64_t cost_per_row(int num_next_actions) const = 0;  // of target(), in multiply-adds, about

  // y (E8) of rows [first, first + count), and its mean over the columns' distribution.
  virtual void target(const NextValues<T>& next, const BatchView<T>& batch, T alpha, int first, int count, Outputs<T> y,
                      T* mean) const = 0;

  // Critic i at the replayed actions, whose outputs begin at column[b] of q: the row's term of J_Q(θ_i) =
  // mean(terms), its derivative with respect to those outputs, and Q(s, a).
  virtual void loss(int critic, Outputs<const T> q, const int* column, Outputs<const T> y, int first, int count,
                    T* terms, Outputs<T> d_q, T* value) const = 0;

  // The value v of an action (E9). carrier[b]: the critic that alone has a part in v's gradient; −1: all have.
  virtual void actor_value(const CriticValues<T>& q, int first, int count, T* value, int* carrier) const = 0;
  // v of all actions as a value of a graph, from each critic's outputs. Throws ConfigError where the objective has no
  // description.
  virtual int describe_value(PolicyGraph&, const std::vector<int>& /*critics*/) const {
    throw_no_description("this objective of the critics");
  }
  // scale · ∂v/∂q of one critic with outputs q, for continuous actions: row r of d_q is that of row order[r] of q,
  // which the critic carries.
  virtual void actor_gradient(int num_critics, T scale, Outputs<const T> q, const int* order, Outputs<T> d_q) const = 0;
};

// The kernels must outlive it.
template <class T>
std::unique_ptr<CriticObjective<T>> make_objective(const SacConfig& config, const KernelTable<T>& kernels);

extern template std::unique_ptr<CriticObjective<float>> make_objective(const SacConfig&, const KernelTable<float>&);
extern template std::unique_ptr<CriticObjective<double>> make_objective(const SacConfig&, const KernelTable<double>&);

}  // namespace softac

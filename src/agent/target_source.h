// What the critics' targets bootstrap from (docs/math.md E8): Polyak averages of the critics, asked for the policy's
// actions at s'; the critics themselves, in the pass of their own loss (CrossQ, arXiv 1902.05605); or the average of a
// state-value network (Haarnoja et al., arXiv 1801.01290), which needs no action.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "agent/objective.h"
#include "agent/passes.h"
#include "agent/state.h"

namespace softac {

template <class T>
class TargetSource {
 public:
  virtual ~TargetSource() = default;
  virtual bool needs_actions() const = 0;  // whether the policy's actions at s' must be there
  // Whether evaluate() makes the critics' training pass over both halves of the batch.
  virtual bool trains_critics() const { return false; }
  // The values at rows B … 2B−1 of x (2B, O + A), whose action columns may be overwritten.
  virtual const NextValues<T>& evaluate(Passes<T>& passes, const BatchView<T>& batch, Panels<T> x) = 0;
};

// state, samples, critics and chosen must outlive it. samples: (1 + n)·B rows, those at s' from row B on. chosen: the
// critics that an update bootstraps from, always as many.
template <class T>
std::unique_ptr<TargetSource<T>> make_target_source(LearnerState<T>& state, const WeightedActions<T>& samples,
                                                    TrainedNetworks<T>& critics, const SacConfig& config,
                                                    int num_outputs, std::span<const int> chosen, Passes<T>& passes,
                                                    Arena& arena);

// Copies the policy's actions (first_pair + row of each) into the action columns of rows [first_row, first_row + rows).
template <class T>
void write_actions(const WeightedActions<T>& samples, int first_sample, int k, const BatchView<T>& batch, Panels<T> x,
                   int first_row);

#define SOFTAC_EXTERN(T)                                                                                           \
  extern template std::unique_ptr<TargetSource<T>> make_target_source(LearnerState<T>&, const WeightedActions<T>&, \
                                                                      TrainedNetworks<T>&, const SacConfig&, int,  \
                                                                      std::span<const int>, Passes<T>&, Arena&);
SOFTAC_EXTERN(float)
SOFTAC_EXTERN(double)
#undef SOFTAC_EXTERN

}  // namespace softac

// What the critics' targets bootstrap from (docs/math.md E8): Polyak averages of the critics, asked for the policy's
// actions at s', or that of a state-value network (Haarnoja et al., arXiv 1801.01290), which needs no action.
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
  // The values at rows B … 2B−1 of x (2B, O + A), whose action columns may be overwritten.
  virtual const NextValues<T>& evaluate(Passes<T>& passes, const BatchView<T>& batch, Panels<T> x) = 0;
};

// state, samples and chosen must outlive it. samples: (1 + n)·B rows, those at s' from row B on. chosen: the critics
// that an update bootstraps from, always as many.
template <class T>
std::unique_ptr<TargetSource<T>> make_target_source(const LearnerState<T>& state, const WeightedActions<T>& samples,
                                                    int num_outputs, int num_draws, std::span<const int> chosen,
                                                    Passes<T>& passes, Arena& arena);

// Copies the policy's actions (first_pair + row of each) into the action columns of rows [first_row, first_row + rows).
template <class T>
void write_actions(const WeightedActions<T>& samples, int first_sample, int k, const BatchView<T>& batch, Panels<T> x,
                   int first_row);

extern template std::unique_ptr<TargetSource<float>> make_target_source(const LearnerState<float>&,
                                                                        const WeightedActions<float>&, int, int,
                                                                        std::span<const int>, Passes<float>&, Arena&);
extern template std::unique_ptr<TargetSource<double>> make_target_source(const LearnerState<double>&,
                                                                         const WeightedActions<double>&, int, int,
                                                                         std::span<const int>, Passes<double>&, Arena&);

}  // namespace softac

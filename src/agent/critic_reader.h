// The critics at given states and actions, outside of updates.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "agent/objective.h"
#include "agent/state.h"
#include "math/backend.h"

namespace softac {

template <class T>
class CriticReader {
 public:
  // What it refers to must outlive it. num_actions: with discrete actions, else 0.
  CriticReader(LearnerState<T>& state, const CriticObjective<T>& objective, Backend<T>& backend, int obs_dim,
               int act_dim, int num_actions);

  // obs (rows, O), actions (rows, A), row-major. target: of the critics' targets, where they have any.
  // all: (N, rows) Q_i(s, a).
  void all(std::span<const T> obs, std::span<const T> actions, int rows, bool target, std::span<T> all);
  // one: (rows) the value that the actor takes (E9), of all critics.
  void combined(std::span<const T> obs, std::span<const T> actions, int rows, bool target, std::span<T> one);

 private:
  static constexpr int kRows = 256;  // of a pass
  // visit(row, values) for each row, whose values have it as row 0.
  template <class Visit>
  void each(std::span<const T> obs, std::span<const T> actions, int rows, bool target, Visit visit);
  void pass(std::span<const T> obs, std::span<const T> actions, int count, bool target);
  T value(const CriticValues<T>& values);

  LearnerState<T>& state_;
  const CriticObjective<T>& objective_;
  Backend<T>& backend_;
  int obs_dim_, act_dim_, num_actions_;
  Arena arena_;
  Panels<T> x_;                  // (kRows, columns of a critic)
  NetworkTape<T> tape_;          // (kRows)
  std::vector<Outputs<T>> out_;  // N × (kRows, outputs of a critic)
};

extern template class CriticReader<float>;
extern template class CriticReader<double>;

}  // namespace softac

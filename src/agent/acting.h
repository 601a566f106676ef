// Acting: observations in, actions out. Reads the learner's networks as they are; buffers grow with the number of rows
// and never shrink.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "agent/objective.h"
#include "agent/state.h"
#include "math/backend.h"

namespace softac {

// Noise for rows of observations: none, one generator a row, or one for all rows in their order.
struct RowNoise {
  Rng* first = nullptr;
  int stride = 0;
  static RowNoise one_each(std::span<Rng> rngs) { return {rngs.data(), 1}; }
  static RowNoise shared(Rng& rng) { return {&rng, 0}; }
  Rng* at(int row) const { return first ? first + std::ptrdiff_t{row} * stride : nullptr; }
};

template <class T>
class Acting {
 public:
  // What it refers to must outlive it.
  Acting(LearnerState<T>& state, const CriticObjective<T>& objective, Backend<T>& backend, int obs_dim, int act_dim);

  // The policy at obs (rows, O) row-major: samples() then holds its head and weighted actions. Without
  // noise the action is the deterministic one. alpha: the temperature, for a policy that is made of the critics.
  void sample(std::span<const T> obs, int rows, RowNoise noise, T alpha);
  // After sample(), with the same noise: actions (rows, A). Returns false if one is not finite. chosen: null, or where
  // each row's place among the weighted actions goes.
  bool choose(int rows, RowNoise noise, std::span<T> actions, int* chosen = nullptr);

  const WeightedActions<T>& samples() const { return buffers_->samples; }

 private:
  struct Buffers {
    int rows = 0;
    Arena arena;
    Panels<T> x;                        // (rows, O)
    std::vector<NetworkTape<T>> tapes;  // of the actor, or of the critics
    std::vector<Outputs<T>> critics;    // N × (rows, A·M), of a policy that is made of them
    std::vector<T> value;               // (rows)
    std::vector<int> carrier;           // (rows)
    WeightedActions<T> samples;
  };
  void grow(int rows);
  void head_from_critics(int first, int count, T alpha);

  LearnerState<T>& state_;
  const CriticObjective<T>& objective_;
  Backend<T>& backend_;
  int obs_dim_, act_dim_;
  std::unique_ptr<Buffers> buffers_;
};

extern template class Acting<float>;
extern template class Acting<double>;

}  // namespace softac

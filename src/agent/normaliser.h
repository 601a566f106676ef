// Running normalisation of observations: (s − mean)/√(variance + ε), with the mean and variance of all observations
// that the policy was about to see. Replay keeps raw observations; they are normalised where networks read them, with
// the statistics of that moment. Statistics are training state, in double and in one order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/graph.h"
#include "softac/sac_config.h"

namespace softac {

template <class T>
class ObsNormaliser {
 public:
  ObsNormaliser(int obs_dim, const SacConfig& config);

  // One more observation: the parallel formula of Chan et al. with a count of 1, from mean 0, variance 1, count 1e-4.
  template <class X>
  void observe(std::span<const X> obs) {
    const double total = count + 1.0;
    for (std::size_t c = 0; c < mean.size(); ++c) observe(c, static_cast<double>(obs[c]), total);
    count = total;
    fresh_ = false;
  }
  // Values of the statistics were changed from outside.
  void statistics_changed() { fresh_ = false; }

  // x of feature c.
  T apply(int c, T x) const {
    const std::size_t i = c;
    const T y = (x - shift_[i]) * scale_[i];
    return clip_ > T(0) ? (y < -clip_ ? -clip_ : y > clip_ ? clip_ : y) : y;
  }
  // What apply() does, as a step on value x of a graph; after refresh().
  int describe(PolicyGraph& graph, int x) const;
  // Must be called before apply() where statistics have changed.
  void refresh();

  std::vector<double> mean, variance;  // (O)
  double count;

 private:
  void observe(std::size_t feature, double x, double total);

  double eps_;
  T clip_;                        // 0: none
  std::vector<T> shift_, scale_;  // (O) mean and 1/√(variance + ε), rounded
  bool fresh_ = false;
};

extern template class ObsNormaliser<float>;
extern template class ObsNormaliser<double>;

}  // namespace softac

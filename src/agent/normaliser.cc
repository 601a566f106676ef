#include "agent/normaliser.h"

#include <cmath>
#include <utility>

namespace softac {

template <class T>
ObsNormaliser<T>::ObsNormaliser(int obs_dim, const SacConfig& config)
    : mean(obs_dim, 0.0),
      variance(obs_dim, 1.0),
      count(1e-4),
      eps_(config.obs_norm_eps),
      clip_(static_cast<T>(config.obs_norm_clip)),
      shift_(mean.size()),
      scale_(mean.size()) {
  refresh();
}

// δ = x − mean, n' = n + 1:  mean += δ/n',  variance = (variance · n + δ² n/n')/n'
template <class T>
void ObsNormaliser<T>::observe(std::size_t c, double x, double total) {
  const double delta = x - mean[c];
  mean[c] += delta / total;
  variance[c] = (variance[c] * count + delta * delta * count / total) / total;
}

template <class T>
void ObsNormaliser<T>::refresh() {
  if (fresh_) return;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    shift_[c] = static_cast<T>(mean[c]);
    scale_[c] = static_cast<T>(1.0 / std::sqrt(variance[c] + eps_));
  }
  fresh_ = true;
}

template <class T>
int ObsNormaliser<T>::describe(PolicyGraph& graph, int x) const {
  NormaliseStep step{{shift_.begin(), shift_.end()}, {scale_.begin(), scale_.end()}, static_cast<float>(clip_)};
  return graph.add(std::move(step), {x}, "obs_norm");
}

template class ObsNormaliser<float>;
template class ObsNormaliser<double>;

}  // namespace softac

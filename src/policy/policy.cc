#include "policy/policy.h"

#include "policy/correlated.h"
#include "policy/gaussian.h"
#include "policy/likelihood_ratio.h"
#include "policy/mixture.h"
#include "policy/softmax.h"

namespace softac {

template <class T>
std::unique_ptr<Policy<T>> make_policy(int act_dim, const SacConfig& config) {
  if (config.num_actions > 0) return std::make_unique<SoftmaxPolicy<T>>(config.num_actions);
  const GaussianShape shape = gaussian_shape(act_dim, config);
  if (config.actor_components > 1) return std::make_unique<MixturePolicy<T>>(shape, config.actor_components);
  if (config.actor_gradient == ActorGradient::likelihood_ratio)
    return std::make_unique<LikelihoodRatioPolicy<T>>(shape, config.actor_baseline);
  if (correlates(act_dim, config)) return std::make_unique<CorrelatedGaussianPolicy<T>>(shape);
  return std::make_unique<GaussianPolicy<T>>(shape);
}

template std::unique_ptr<Policy<float>> make_policy(int, const SacConfig&);
template std::unique_ptr<Policy<double>> make_policy(int, const SacConfig&);

}  // namespace softac

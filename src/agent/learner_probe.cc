#include "agent/learner_probe.h"

#include "agent/discrete_probe.h"
#include "agent/sac_probe.h"
#include "softac/error.h"

namespace softac {

void LearnerProbe::assign(const std::vector<TensorRef>& from, const std::vector<TensorRef>& to) {
  SOFTAC_REQUIRE(from.size() == to.size(), from.size(), to.size());
  std::vector<float> values;
  for (std::size_t i = 0; i < to.size(); ++i) {
    SOFTAC_REQUIRE(from[i].name == to[i].name && from[i].shape == to[i].shape, from[i].name, to[i].name);
    std::size_t count = 1;
    for (const std::int64_t n : to[i].shape) count *= static_cast<std::size_t>(n);
    values.resize(count);
    from[i].read(values);
    to[i].write(values);
  }
}

std::unique_ptr<LearnerProbe> make_learner_probe(int obs_dim, int act_dim, const SacConfig& config,
                                                 const std::string& backend) {
  if (config.num_actions > 0) return std::make_unique<DiscreteProbe>(obs_dim, config, backend);
  return std::make_unique<SacProbe>(obs_dim, act_dim, config, backend);
}

}  // namespace softac

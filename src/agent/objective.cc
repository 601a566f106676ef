#include "agent/objective.h"

#include "agent/objective_categorical.h"
#include "agent/objective_mse.h"
#include "agent/objective_quantile.h"

namespace softac {

template <class T>
std::unique_ptr<CriticObjective<T>> make_objective(const SacConfig& config, const KernelTable<T>& kernels) {
  if (config.critic_loss == CriticLoss::categorical) return std::make_unique<CategoricalObjective<T>>(config, kernels);
  if (config.critic_loss == CriticLoss::quantile) return std::make_unique<QuantileObjective<T>>(config);
  return std::make_unique<MeanSquareObjective<T>>(config);
}

template std::unique_ptr<CriticObjective<float>> make_objective(const SacConfig&, const KernelTable<float>&);
template std::unique_ptr<CriticObjective<double>> make_objective(const SacConfig&, const KernelTable<double>&);

}  // namespace softac

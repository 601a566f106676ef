#include "run/update_means.h"

namespace softac {
namespace {

constexpr double UpdateMetrics::*kOfEveryUpdate[] = {&UpdateMetrics::critic_loss, &UpdateMetrics::value_loss,
                                                     &UpdateMetrics::q_mean, &UpdateMetrics::target_mean,
                                                     &UpdateMetrics::critic_grad_norm};
constexpr double UpdateMetrics::*kOfActorSteps[] = {&UpdateMetrics::actor_loss, &UpdateMetrics::ent_coef_loss,
                                                    &UpdateMetrics::entropy, &UpdateMetrics::actor_grad_norm};

}  // namespace

void UpdateMeans::add(const UpdateMetrics& metrics) {
  ++count_;
  for (const auto field : kOfEveryUpdate) sum_.*field += metrics.*field;
  sum_.ent_coef = metrics.ent_coef;
  if (!metrics.actor_step) return;
  ++actor_count_;
  for (const auto field : kOfActorSteps) sum_.*field += metrics.*field;
}

UpdateRow UpdateMeans::take() {
  UpdateRow row{sum_, count_ > 0, actor_count_ > 0};
  if (row.updated)
    for (const auto field : kOfEveryUpdate) row.mean.*field /= static_cast<double>(count_);
  if (row.actor_updated)
    for (const auto field : kOfActorSteps) row.mean.*field /= static_cast<double>(actor_count_);
  *this = {};
  return row;
}

UpdateMetrics with_last_actor_step(UpdateMetrics latest, const UpdateMetrics& before) {
  if (latest.actor_step) return latest;
  for (const auto field : kOfActorSteps) latest.*field = before.*field;
  return latest;
}

}  // namespace softac

// Means of updates: the actor's and the temperature's numbers over the updates that moved them.
#include "run/update_means.h"

#include <gtest/gtest.h>

#include "run/run_state.h"

namespace softac::test {
namespace {

UpdateMetrics metrics(double critic_loss, bool actor_step, double actor_value) {
  UpdateMetrics m;
  m.critic_loss = m.value_loss = m.q_mean = m.target_mean = m.critic_grad_norm = critic_loss;
  m.ent_coef = 0.1 * critic_loss;
  m.actor_step = actor_step;
  if (actor_step) m.actor_loss = m.ent_coef_loss = m.entropy = m.actor_grad_norm = actor_value;
  return m;
}

TEST(UpdateMeans, ActorNumbersAreMeansOverActorSteps) {
  UpdateMeans means;
  for (int i = 1; i <= 8; ++i) means.add(metrics(i, i % 4 == 0, 3.0));
  EXPECT_EQ(means.count(), 8);
  EXPECT_EQ(means.actor_count(), 2);
  const UpdateRow row = means.take();
  EXPECT_TRUE(row.updated && row.actor_updated);
  EXPECT_EQ(row.mean.critic_loss, 4.5);
  EXPECT_EQ(row.mean.value_loss, 4.5);
  EXPECT_EQ(row.mean.q_mean, 4.5);
  EXPECT_EQ(row.mean.target_mean, 4.5);
  EXPECT_EQ(row.mean.critic_grad_norm, 4.5);
  EXPECT_EQ(row.mean.ent_coef, 0.1 * 8);
  EXPECT_EQ(row.mean.actor_loss, 3.0);
  EXPECT_EQ(row.mean.ent_coef_loss, 3.0);
  EXPECT_EQ(row.mean.entropy, 3.0);
  EXPECT_EQ(row.mean.actor_grad_norm, 3.0);
  EXPECT_FALSE(means.take().updated) << "cleared";
}

TEST(UpdateMeans, WithoutAnActorStepThereIsNothingToSayOfTheActor) {
  UpdateMeans means;
  means.add(metrics(2.0, false, 0.0));
  const UpdateRow row = means.take();
  EXPECT_TRUE(row.updated);
  EXPECT_FALSE(row.actor_updated);
}

TEST(UpdateMeans, TheLastUpdateKeepsTheActorsNumbers) {
  UpdateMetrics last = with_last_actor_step(metrics(1.0, true, 5.0), {});
  last = with_last_actor_step(metrics(2.0, false, 0.0), last);
  EXPECT_EQ(last.critic_loss, 2.0);
  EXPECT_EQ(last.entropy, 5.0);
  EXPECT_EQ(last.actor_loss, 5.0);
  EXPECT_EQ(with_last_actor_step(metrics(3.0, true, 6.0), last).entropy, 6.0);
}

TEST(UpdateMeans, AreKeptInTheRunsState) {
  RunState state;
  state.update_count = 8;
  state.actor_update_count = 2;
  std::string text = to_json(state);
  EXPECT_EQ(parse_run_state(text, "file").actor_update_count, 2);
  // Runs from before there was this count: every update counts as an actor step.
  const std::size_t at = text.find("\"actor_count\"");
  ASSERT_NE(at, std::string::npos);
  text.erase(at, text.find(',', at) + 1 - at);
  EXPECT_EQ(parse_run_state(text, "file").actor_update_count, 8);
}

}  // namespace
}  // namespace softac::test

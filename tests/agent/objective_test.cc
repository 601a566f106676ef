// The critics' objectives on numbers that can be followed by hand.
#include "agent/objective.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace softac {
namespace {

// One row at s' with one action: N critics' outputs, log π and the transition.
class OneRow {
 public:
  OneRow(const SacConfig& config, const std::vector<std::vector<double>>& next, double log_pi)
      : objective(make_objective<double>(config)) {
    for (const auto& values : next) {
      critics_.push_back(make_outputs<double>(arena_, 1, static_cast<int>(values.size())));
      for (std::size_t j = 0; j < values.size(); ++j) critics_.back().at(0, static_cast<int>(j)) = values[j];
    }
    actions_.rows = 1;
    actions_.log_pi = arena_.take<double>(1);
    actions_.weight = arena_.take<double>(1);
    actions_.log_pi[0] = log_pi;
    actions_.weight[0] = 1.0;
    y = make_outputs<double>(arena_, 1, objective->target_width(1));
  }
  double target(double reward, double discount, double alpha) {
    NextValues<double> next;
    next.critics = critics_;
    next.actions = &actions_;
    next.batch_size = 1;
    next.num_outputs = objective->num_outputs();
    BatchView<double> batch;
    batch.reward = &reward;
    batch.discount = &discount;
    double mean = NAN;
    objective->target(next, batch, alpha, 0, 1, y, &mean);
    return mean;
  }
  std::vector<Outputs<double>>& critics() { return critics_; }

  std::unique_ptr<CriticObjective<double>> objective;
  Outputs<double> y;

 private:
  Arena arena_;
  std::vector<Outputs<double>> critics_;
  WeightedActions<double> actions_;
};

SacConfig one_row_config() {
  SacConfig config;
  config.batch_size = 1;
  return config;
}

TEST(MeanSquareObjective, TakesTheSmallestCritic) {
  SacConfig config = one_row_config();
  config.reward_scale = 2.0;
  OneRow row(config, {{1.5}, {1.25}}, -1.5);
  EXPECT_DOUBLE_EQ(row.target(0.1, 0.9, 0.2), 2.0 * 0.1 + 0.9 * (1.25 + 0.2 * 1.5));
  Arena arena;
  const auto q = make_outputs<double>(arena, 1, 1), d_q = make_outputs<double>(arena, 1, 1);
  q.at(0, 0) = 2.0;
  const int column = 0;
  double term = NAN, value = NAN;
  row.objective->loss(q, &column, row.y, 0, 1, &term, d_q, &value);
  const double error = 2.0 - row.y.at(0, 0);
  EXPECT_DOUBLE_EQ(term, error * error);
  EXPECT_DOUBLE_EQ(d_q.at(0, 0), 2.0 * error);
  EXPECT_EQ(value, 2.0);
}

TEST(MeanSquareObjective, TiesGoToTheFirst) {
  OneRow row(one_row_config(), {{3.0}, {1.0}, {1.0}}, 0.0);
  double value = NAN;
  int carrier = -2;
  row.objective->actor_value({row.critics(), 0, 0}, 0, 1, &value, &carrier);
  EXPECT_EQ(value, 1.0);
  EXPECT_EQ(carrier, 1);
}

SacConfig quantile_config() {
  SacConfig config = one_row_config();
  config.critic_loss = CriticLoss::quantile;
  config.n_quantiles = 4;
  config.top_quantiles_to_drop_per_net = 1;
  return config;
}

// Pooled, the two largest of eight dropped; then the loss of a critic with outputs 0, 1, 2, 3.
TEST(QuantileObjective, PoolsDropsAndRegresses) {
  OneRow row(quantile_config(), {{1, 2, 4, 7}, {0.5, 2.5, 3, 9}}, -1.5);
  const double mean = row.target(0.1, 0.9, 0.2);
  std::vector<double> y;
  for (int l = 0; l < 6; ++l) y.push_back(row.y.at(0, l));
  std::sort(y.begin(), y.end());
  const double expected[] = {0.82, 1.27, 2.17, 2.62, 3.07, 3.97};
  for (std::size_t l = 0; l < 6; ++l) EXPECT_NEAR(y[l], expected[l], 1e-12);
  EXPECT_NEAR(mean, 13.92 / 6, 1e-12);
  EXPECT_EQ(row.y.at(0, 6), 1.0) << "the action's weight";

  Arena arena;
  const auto q = make_outputs<double>(arena, 1, 4), d_q = make_outputs<double>(arena, 1, 4);
  for (int j = 0; j < 4; ++j) q.at(0, j) = j;
  const int column = 0;
  double term = NAN, value = NAN;
  row.objective->loss(q, &column, row.y, 0, 1, &term, d_q, &value);
  EXPECT_NEAR(term, 0.2569067708, 1e-10);
  const double gradient[] = {-0.0303125, -0.06203125, -0.045625, -0.0211979167};
  for (int j = 0; j < 4; ++j) EXPECT_NEAR(d_q.at(0, j), gradient[j], 1e-10);
  EXPECT_EQ(value, 1.5);
}

// Of equal values as many go as were asked for.
TEST(QuantileObjective, DropsAmongEquals) {
  OneRow row(quantile_config(), {{5, 5, 5, 5}, {5, 1, 1, 1}}, 0.0);
  row.target(0.0, 1.0, 0.0);
  double sum = 0.0;
  for (int l = 0; l < 6; ++l) sum += row.y.at(0, l);
  EXPECT_EQ(sum, 3 * 5.0 + 3 * 1.0);
}

TEST(QuantileObjective, TheActorTakesTheMean) {
  OneRow row(quantile_config(), {{1, 2, 4, 7}, {0.5, 2.5, 3, 9}}, 0.0);
  double value = NAN;
  int carrier = 0;
  row.objective->actor_value({row.critics(), 0, 0}, 0, 1, &value, &carrier);
  EXPECT_DOUBLE_EQ(value, 29.0 / 8);
  EXPECT_EQ(carrier, -1) << "every critic has a part in it";
}

}  // namespace
}  // namespace softac

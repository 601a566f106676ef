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
      : objective(make_objective<double>(config, *reference_table_double())) {
    for (const auto& values : next) {
      critics_.push_back(make_outputs<double>(arena, 1, static_cast<int>(values.size())));
      for (std::size_t j = 0; j < values.size(); ++j) critics_.back().at(0, static_cast<int>(j)) = values[j];
    }
    actions_.rows = 1;
    actions_.log_pi = arena.take<double>(1);
    actions_.weight = arena.take<double>(1);
    actions_.log_pi[0] = log_pi;
    actions_.weight[0] = 1.0;
    y = make_outputs<double>(arena, 1, objective->target_width(1));
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
  Arena arena;

 private:
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
  row.objective->loss(0, q, &column, row.y, 0, 1, &term, d_q, &value);
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

// Each critic regresses on its own target copy.
TEST(MeanSquareObjective, OwnTargets) {
  SacConfig config = one_row_config();
  config.target_reduce = TargetReduce::own;
  OneRow row(config, {{1.5}, {1.25}}, -1.5);
  const double first = 0.1 + 0.9 * (1.5 + 0.2 * 1.5), second = 0.1 + 0.9 * (1.25 + 0.2 * 1.5);
  EXPECT_DOUBLE_EQ(row.target(0.1, 0.9, 0.2), 0.5 * (first + second));
  EXPECT_DOUBLE_EQ(row.y.at(0, 0), first);
  EXPECT_DOUBLE_EQ(row.y.at(0, 1), second);
  const auto q = make_outputs<double>(row.arena, 1, 1), d_q = make_outputs<double>(row.arena, 1, 1);
  q.at(0, 0) = 2.0;
  const int column = 0;
  double term = NAN, value = NAN;
  row.objective->loss(1, q, &column, row.y, 0, 1, &term, d_q, &value);
  EXPECT_DOUBLE_EQ(d_q.at(0, 0), 2.0 * (2.0 - second));
}

TEST(MeanSquareObjective, MeanOfTheCritics) {
  SacConfig config = one_row_config();
  config.n_critics = 3;
  config.target_reduce = TargetReduce::mean;
  config.actor_reduce = ActorReduce::mean;
  OneRow row(config, {{1.5}, {1.25}, {4.0}}, -1.5);
  EXPECT_DOUBLE_EQ(row.target(0.1, 0.9, 0.2), 0.1 + 0.9 * (2.25 + 0.2 * 1.5));
  double value = NAN;
  int carrier = 0;
  row.objective->actor_value({row.critics(), 0, 0}, 0, 1, &value, &carrier);
  EXPECT_EQ(value, 2.25);
  EXPECT_EQ(carrier, -1) << "every critic has a part in it";
  const auto d_q = make_outputs<double>(row.arena, 1, 1);
  const int order = 0;
  row.objective->actor_gradient(3, 6.0, row.critics()[0], &order, d_q);
  EXPECT_EQ(d_q.at(0, 0), 2.0);
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
  row.objective->loss(0, q, &column, row.y, 0, 1, &term, d_q, &value);
  EXPECT_NEAR(term, 0.2569067708, 1e-10);
  const double gradient[] = {-0.0303125, -0.06203125, -0.045625, -0.0211979167};
  for (int j = 0; j < 4; ++j) EXPECT_NEAR(d_q.at(0, j), gradient[j], 1e-10);
  EXPECT_EQ(value, 1.5);
}

// BRO's target: the critics' quantiles are averaged one by one, and none is left out.
TEST(QuantileObjective, MeanOfTheCritics) {
  SacConfig config = quantile_config();
  config.top_quantiles_to_drop_per_net = 0;
  config.target_reduce = TargetReduce::mean;
  OneRow row(config, {{1, 2, 4, 7}, {0.5, 2.5, 3, 9}}, -1.5);
  row.target(0.1, 0.9, 0.2);
  const double z[] = {0.75, 2.25, 3.5, 8.0};
  for (int l = 0; l < 4; ++l) EXPECT_NEAR(row.y.at(0, l), 0.1 + 0.9 * (z[l] + 0.3), 1e-12);
  EXPECT_EQ(row.y.at(0, 4), 1.0) << "the action's weight";
}

// One quantile, τ = ½: a quarter of E8's gradient while |δ| ≤ 1, on the mean of the pooled values.
TEST(QuantileObjective, OfOneQuantileIsAMean) {
  SacConfig config = quantile_config();
  config.n_quantiles = 1;
  config.top_quantiles_to_drop_per_net = 0;
  OneRow row(config, {{1.5}, {1.25}}, 0.0);
  EXPECT_DOUBLE_EQ(row.target(0.0, 1.0, 0.0), 1.375);
  const auto q = make_outputs<double>(row.arena, 1, 1), d_q = make_outputs<double>(row.arena, 1, 1);
  const int column = 0;
  double term = NAN, value = NAN;
  for (const double theta : {1.0, 1.9, 4.0}) {
    q.at(0, 0) = theta;
    row.objective->loss(0, q, &column, row.y, 0, 1, &term, d_q, &value);
    double expected = 0.0;
    for (const double y : {1.5, 1.25}) expected -= 0.25 * std::clamp(y - theta, -1.0, 1.0);
    EXPECT_NEAR(d_q.at(0, 0), expected, 1e-12) << theta;
  }
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

SacConfig categorical_config(int atoms, double low, double high) {
  SacConfig config = one_row_config();
  config.critic_loss = CriticLoss::categorical;
  config.n_atoms = atoms;
  config.v_min = low;
  config.v_max = high;
  return config;
}

std::vector<double> log_of_each(const std::vector<double>& p) {
  std::vector<double> out;
  for (const double x : p) out.push_back(std::log(x));
  return out;
}

const std::vector<double> kFiveAtoms = {.1, .2, .3, .25, .15};

// m of one critic with these probabilities on the atoms −2 … 2.
std::vector<double> projected(double reward, double discount, double entropy) {
  OneRow row(categorical_config(5, -2, 2), {log_of_each(kFiveAtoms)}, entropy);
  const double mean = row.target(reward, discount, 1.0);
  std::vector<double> m;
  double sum = 0.0, first_moment = 0.0;
  for (int k = 0; k < 16; ++k) {
    if (k < 5) m.push_back(row.y.at(0, k));
    sum += row.y.at(0, k);
    first_moment += row.y.at(0, k) * (k - 2);
    EXPECT_GE(row.y.at(0, k), 0.0);
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_NEAR(mean, first_moment, 1e-12);
  return m;
}

// The entropy bonus, the discount and the reward move the atoms; what leaves the support is held at its ends.
TEST(CategoricalObjective, ProjectsTheMovedAtoms) {
  const auto expect = [](const std::vector<double>& m, const std::vector<double>& wanted) {
    ASSERT_EQ(m.size(), wanted.size());
    for (std::size_t k = 0; k < m.size(); ++k) EXPECT_NEAR(m[k], wanted[k], 1e-12) << k;
  };
  expect(projected(0.5, 0.9, -0.4), {0, .102, .24, .318, .34});
  expect(projected(0.5, 0.0, -0.4), {0, 0, .5, .5, 0});
  expect(projected(1.75, 0.99, 0.3), {0, .0527, .1547, .2567, .5359});
  expect(projected(0.0, 1.0, 0.0), kFiveAtoms);
}

// As long as nothing is clipped the mean of m is E8's y.
TEST(CategoricalObjective, KeepsTheMeanInsideTheSupport) {
  OneRow row(categorical_config(51, -10, 10), {{.2, .5, -.3}, {.1, .2, .9}}, 0.7);
  for (auto& critic : row.critics()) {
    critic = make_outputs<double>(row.arena, 1, 51);
    for (int k = 0; k < 51; ++k) critic.at(0, k) = -0.1 * (k - 20) * (k - 20) + std::sin(7.0 * k);
  }
  double value = NAN;
  int carrier = -2;
  row.objective->actor_value({row.critics(), 0, 0}, 0, 1, &value, &carrier);
  EXPECT_EQ(carrier, 0) << "equal values: the first";
  EXPECT_NEAR(row.target(0.3, 0.95, 0.2), 0.3 + 0.95 * (value - 0.2 * 0.7), 1e-12);
}

// All mass on one atom: two neighbours share it, and their mean is the target of a single value.
TEST(CategoricalObjective, OfAPointMassIsTwoHot) {
  std::vector<double> logits(201, -1e4);
  logits[130] = 0.0;  // z = 3
  OneRow row(categorical_config(201, -10, 10), {logits}, -0.5);
  EXPECT_NEAR(row.target(0.21, 0.9, 0.1), 0.21 + 0.9 * (3.0 + 0.05), 1e-12);
  int used = 0;
  for (int k = 0; k < 201; ++k) used += row.y.at(0, k) > 0.0 ? 1 : 0;
  EXPECT_EQ(used, 2);
}

// The whole distribution of the critic with the smaller mean, not a minimum by atoms.
TEST(CategoricalObjective, TakesTheDistributionOfTheSmallerCritic) {
  const std::vector<double> small = {.4, .3, .1, .1, .1}, large = {.1, .1, .1, .3, .4};
  OneRow row(categorical_config(5, -2, 2), {log_of_each(large), log_of_each(small)}, 0.0);
  row.target(0.0, 1.0, 0.0);
  for (int k = 0; k < 5; ++k) EXPECT_NEAR(row.y.at(0, k), small[static_cast<std::size_t>(k)], 1e-12);
  double value = NAN;
  int carrier = -2;
  row.objective->actor_value({row.critics(), 0, 0}, 0, 1, &value, &carrier);
  EXPECT_EQ(carrier, 1);
  EXPECT_NEAR(value, -0.8, 1e-12);
}

TEST(CategoricalObjective, CrossEntropyAndGradients) {
  OneRow row(categorical_config(5, -2, 2), {log_of_each(kFiveAtoms)}, -0.4);
  row.target(0.5, 0.9, 1.0);
  Arena arena;
  const auto q = make_outputs<double>(arena, 1, 5), d_q = make_outputs<double>(arena, 1, 5);
  const double logits[] = {.2, -.1, .4, 0, -.3};
  for (int k = 0; k < 5; ++k) q.at(0, k) = logits[k];
  const int column = 0;
  double term = NAN, value = NAN;
  row.objective->loss(0, q, &column, row.y, 0, 1, &term, d_q, &value);
  EXPECT_NEAR(value, -0.1616020499, 1e-10);
  EXPECT_NEAR(term, 1.694955575, 1e-9);
  const double d_loss[] = {.2279211426, .0668481353, .0383835123, -.1313939512, -.2017588390};
  double sum = 0.0;
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(d_q.at(0, k), d_loss[k], 1e-10);
    sum += d_q.at(0, k);
  }
  EXPECT_NEAR(sum, 0.0, 1e-15) << "a constant added to all logits changes nothing";
  const int order = 0;
  row.objective->actor_gradient(2, 1.0, q, &order, d_q);
  const double d_value[] = {-.4190097614, -.1415619306, .0449873462, .2167619687, .2988223770};
  for (int k = 0; k < 5; ++k) EXPECT_NEAR(d_q.at(0, k), d_value[k], 1e-10);
}

// Point masses at single atoms of the published support, moved by r 0.37, discount 0.99 and entropy bonus 0.08.
TEST(CategoricalObjective, PlacesAtomsOfThePublishedSupport) {
  const struct {
    int atom, index;
    double upper;
  } cases[] = {{0, 4, .992}, {50, 54, .492}, {100, 100, 0.0}};
  for (const auto& c : cases) {
    std::vector<double> logits(101, -1e4);
    logits[static_cast<std::size_t>(c.atom)] = 0.0;
    OneRow row(categorical_config(101, -5, 5), {logits}, -0.08);
    row.target(0.37, 0.99, 1.0);
    EXPECT_NEAR(row.y.at(0, c.index), 1.0 - c.upper, 1e-9) << c.atom;
    if (c.index == 100) continue;
    EXPECT_NEAR(row.y.at(0, c.index + 1), c.upper, 1e-9) << c.atom;
  }
}

// A number that is not finite is not hidden by the support's ends.
TEST(CategoricalObjective, NaNStaysSeen) {
  OneRow row(categorical_config(5, -2, 2), {log_of_each(kFiveAtoms)}, NAN);
  EXPECT_TRUE(std::isnan(row.target(0.5, 0.9, 1.0)));
}

}  // namespace
}  // namespace softac

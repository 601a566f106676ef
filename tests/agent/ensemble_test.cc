// Ensembles of critics: which of them targets bootstrap from, how several become one value, dropout, and what is
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "agent/update.h"
#include "nn/dropout.h"
#include "softac/sac_settings.h"

namespace softac {
namespace {

using testing::HasSubstr;

SacConfig small() {
  SacConfig config;
  config.net_arch = {12, 9};
  config.batch_size = 11;
  return config;
}

template <class T>
void fill(BatchView<T> batch, std::uint64_t seed) {
  Rng rng(seed, StreamKind::test);
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) batch.x.at(r, c) = static_cast<T>(rng.uniform(-1, 1));
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.reward[b] = static_cast<T>(rng.normal());
    batch.discount[b] = b % 4 == 0 ? T(0) : static_cast<T>(0.9);
  }
}

std::uint64_t hash_after(const SacConfig& config, int updates) {
  SacUpdate<float> sac(5, 2, config, 3, 1, "reference");
  for (int i = 0; i < updates; ++i) {
    fill(sac.batch(), static_cast<std::uint64_t>(i));
    sac.run();
  }
  return sac.state().hash();
}

TEST(Ensemble, OfTwoWithTwoTargetCriticsAndTheMinimumIsSac) {
  SacConfig redq = small();
  redq.n_target_critics = 2;
  redq.target_reduce = TargetReduce::min;
  redq.actor_reduce = ActorReduce::min;
  EXPECT_EQ(hash_after(redq, 6), hash_after(small(), 6));
  redq.actor_reduce = ActorReduce::mean;
  EXPECT_NE(hash_after(redq, 6), hash_after(small(), 6));
}

// Every pair of five critics as often, in ascending order, another for another update.
TEST(Ensemble, DrawsEveryChoiceAsOften) {
  SacConfig config = small();
  config.n_critics = 5;
  config.n_target_critics = 2;
  SacUpdate<double> sac(5, 2, config, 3, 1, "reference");
  std::map<std::vector<int>, int> count;
  const int draws = 4'000;
  for (int i = 0; i < draws; ++i) {
    sac.draw_noise();
    const std::vector<int> chosen(sac.target_critics().begin(), sac.target_critics().end());
    ASSERT_EQ(chosen.size(), 2u);
    ASSERT_LT(chosen[0], chosen[1]);
    ++count[chosen];
  }
  EXPECT_EQ(count.size(), 10u);
  for (const auto& [pair, times] : count) EXPECT_NEAR(times, draws / 10, 5 * std::sqrt(draws / 10.0));
}

TEST(Ensemble, TargetsReadTheDrawnCriticsAlone) {
  SacConfig config = small();
  config.n_critics = 3;
  config.n_target_critics = 2;
  SacUpdate<double> sac(5, 2, config, 3, 1, "reference");
  fill(sac.batch(), 1);
  sac.draw_noise();
  sac.sample_policy();
  LearnerState<double>& state = sac.state();
  const std::int64_t one = state.critic.size / 3;
  for (int left_out = 0; left_out < 3; ++left_out) {
    sac.target_critics()[0] = left_out == 0 ? 1 : 0;
    sac.target_critics()[1] = left_out == 2 ? 1 : 2;
    const std::vector<double> kept(state.critic_target + left_out * one, state.critic_target + (left_out + 1) * one);
    std::fill_n(state.critic_target + left_out * one, one, std::numeric_limits<double>::quiet_NaN());
    sac.find_targets();
    std::copy(kept.begin(), kept.end(), state.critic_target + left_out * one);
    const auto finite = [](double y) { return std::isfinite(y); };
    EXPECT_TRUE(std::all_of(sac.targets(), sac.targets() + config.batch_size, finite)) << left_out;
  }
}

TEST(Ensemble, WithoutBackupEntropyTargetsHoldNone) {
  SacConfig config = small();
  config.ent_coef_auto = false;
  config.ent_coef = 0.7;
  const auto targets = [&](bool entropy, double alpha) {
    SacConfig c = config;
    c.backup_entropy = entropy;
    c.ent_coef = alpha;
    SacUpdate<double> sac(5, 2, c, 3, 1, "reference");
    fill(sac.batch(), 1);
    sac.draw_noise();
    sac.sample_policy();
    sac.find_targets();
    return std::vector<double>(sac.targets(), sac.targets() + c.batch_size);
  };
  EXPECT_EQ(targets(false, 0.7), targets(true, 0.0));
  EXPECT_NE(targets(true, 0.7), targets(true, 0.0));
}

// The masks of the online, the target and the actor's pass are not the same, nor those of two updates or critics.
TEST(Dropout, EveryPassHasMasksOfItsOwn) {
  SacConfig config = small();
  config.dropout_rate = 0.5;
  SacUpdate<double> sac(5, 2, config, 3, 1, "reference");
  const LearnerState<double>& state = sac.state();
  std::vector<std::vector<double>> seen;
  const auto draw = [&](DropoutPass pass, int network) {
    Arena arena;
    NetworkTape<double> tape = state.critic_nets[0].make_tape(arena, 6);
    state.critic_nets[0].add_masks(arena, 6, tape);
    pass.network = network;
    state.critic_nets[0].draw_masks(tape, 0, 6, pass);
    for (const BlockTape<double>& block : tape.blocks) {
      if (!block.mask.data) continue;
      std::vector<double> values;
      for (int r = 0; r < 6; ++r) {
        for (int c = 0; c < 9; ++c) values.push_back(block.mask.at(r, c));
      }
      seen.push_back(values);
    }
  };
  for (const DropoutUse use : {DropoutUse::critic, DropoutUse::actor, DropoutUse::target}) {
    for (const int number : {0, 1}) {
      for (const int network : {0, 1}) draw(state.dropout_pass(use, number), network);
    }
  }
  DropoutPass later = state.dropout_pass(DropoutUse::critic);
  later.update = 1;
  draw(later, 0);
  EXPECT_EQ(seen.size(), 2u * 13);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Dropout, KeepsTheMeanAndDropsTheShare) {
  for (const double rate : {0.01, 0.3, 0.9}) {
    const int width = 256, rows = 512;
    const Dropout<double> block("layer", width, rate, std::nullopt);
    Arena arena;
    BlockTape<double> tape = block.make_tape(arena, rows);
    tape.mask = block.make_mask(arena, rows);
    block.draw_mask(tape, 0, rows, {7, 3, 0, 0, 0}, 0);
    int dropped = 0;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < width; ++c) {
        const double factor = tape.mask.at(r, c);
        ASSERT_TRUE(factor == 0.0 || factor == 1.0 / (1.0 - rate));
        dropped += factor == 0.0 ? 1 : 0;
      }
    }
    const double count = width * rows;
    EXPECT_NEAR(dropped, rate * count, 5.0 * std::sqrt(rate * (1.0 - rate) * count)) << rate;
  }
}

// No division of the batch into rows changes them.
TEST(Dropout, MasksOfARowDependOnTheRowAlone) {
  const int width = 40;
  const Dropout<double> block("layer", width, 0.2, Activation::silu);
  Arena arena;
  BlockTape<double> whole = block.make_tape(arena, 9), part = block.make_tape(arena, 9);
  whole.mask = block.make_mask(arena, 9);
  part.mask = block.make_mask(arena, 9);
  block.draw_mask(whole, 0, 9, {7, 3, 1, 1, 0}, 2);
  block.draw_mask(part, 2, 4, {7, 3, 1, 1, 5}, 2);
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < width; ++c) EXPECT_EQ(part.mask.at(2 + r, c), whole.mask.at(5 + r, c));
  }
}

TEST(Dropout, ATapeWithoutMasksDropsNothing) {
  const Dropout<double> block("layer", 3, 0.5, Activation::relu);
  Arena arena;
  const BlockTape<double> tape = block.make_tape(arena, 1);
  const Panels<double> x = arena.panels<double>(1, 3);
  for (int c = 0; c < 3; ++c) x.at(0, c) = c - 1.0;
  block.forward(*reference_table_double(), nullptr, x, false, tape, 0);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(tape.y.at(0, c), std::max(0.0, c - 1.0));
}

std::string violation(const std::function<void(SacConfig&)>& change) {
  SacConfig config;
  change(config);
  const int act_dim = config.num_actions > 0 ? 1 : 2;
  std::string out;
  for (const SettingViolation& v : validate(config, 3, act_dim)) out += v.key + " = " + v.message + "\n";
  return out;
}

TEST(Ensemble, WhatHasNoMeaningIsRefused) {
  EXPECT_EQ(violation([](SacConfig& c) { c.n_critics = 10, c.n_target_critics = 2; }), "");
  EXPECT_THAT(violation([](SacConfig& c) { c.n_target_critics = 3; }),
              HasSubstr("n_target_critics = 3: must be at most n_critics = 2"));
  EXPECT_THAT(
      violation([](SacConfig& c) { c.n_critics = 5, c.n_target_critics = 2, c.target_reduce = TargetReduce::own; }),
      HasSubstr("must be 0 with target_reduce = \"own\""));
  EXPECT_THAT(violation([](SacConfig& c) { c.target_reduce = TargetReduce::truncated; }),
              HasSubstr("target_reduce = truncated: must be auto, min, mean or own"));
  const auto quantile = [](SacConfig& c) { c.critic_loss = CriticLoss::quantile; };
  EXPECT_THAT(violation([&](SacConfig& c) { quantile(c), c.target_reduce = TargetReduce::min; }),
              HasSubstr("min: must be auto, truncated or mean"));
  EXPECT_THAT(violation([&](SacConfig& c) { quantile(c), c.actor_reduce = ActorReduce::min; }),
              HasSubstr("actor_reduce = min: must be auto or mean"));
  EXPECT_THAT(violation([&](SacConfig& c) { quantile(c), c.target_reduce = TargetReduce::mean; }),
              HasSubstr("top_quantiles_to_drop_per_net = 2: must be 0"));
  // As many dropped as there are.
  EXPECT_THAT(violation([&](SacConfig& c) { quantile(c), c.n_quantiles = 1, c.top_quantiles_to_drop_per_net = 1; }),
              HasSubstr("top_quantiles_to_drop_per_net = 1: must be below n_quantiles = 1"));
  const auto categorical = [](SacConfig& c) { c.critic_loss = CriticLoss::categorical; };
  EXPECT_EQ(violation(categorical), "");
  EXPECT_THAT(violation([&](SacConfig& c) { categorical(c), c.target_reduce = TargetReduce::mean; }),
              HasSubstr("mean: must be auto, min or own"));
  EXPECT_THAT(violation([&](SacConfig& c) { categorical(c), c.v_min = 5.0; }),
              HasSubstr("v_min = 5: must be below v_max = 5"));
  EXPECT_THAT(violation([&](SacConfig& c) { categorical(c), c.n_atoms = 1; }), HasSubstr("n_atoms = 1: must be"));
  EXPECT_THAT(violation([&](SacConfig& c) { categorical(c), c.variant = Variant::state_value; }),
              HasSubstr("categorical: must be mse"));
  EXPECT_THAT(violation([](SacConfig& c) { c.variant = Variant::state_value, c.n_target_critics = 1; }),
              HasSubstr("bootstrap from no critic"));
  EXPECT_THAT(violation([](SacConfig& c) { c.variant = Variant::state_value, c.backup_entropy = false; }),
              HasSubstr("backup_entropy = false"));
  EXPECT_THAT(violation([](SacConfig& c) {
                c.num_actions = 3, c.discrete_policy = DiscretePolicy::boltzmann;
                c.n_critics = 4, c.n_target_critics = 2;
              }),
              HasSubstr("a policy made of all critics"));
  EXPECT_THAT(violation([](SacConfig& c) { c.dropout_rate = 1.0; }), HasSubstr("dropout_rate = 1: must be"));
}

}  // namespace
}  // namespace softac

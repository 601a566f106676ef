// The learner of a user's loop as a whole: many streams at once, what it can be asked, its files, its copies.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "run/checkpoint.h"
#include "softac/error.h"
#include "softac/exact.h"
#include "softac/learner.h"
#include "support/allocation_counter.h"
#include "support/learner_variants.h"

namespace softac::test {
namespace {

constexpr int kObs = 3;

SacConfig tiny() {
  SacConfig config;
  config.net_arch = {16, 16};
  config.batch_size = 8;
  return config;
}

// N streams of a made-up task.
class Streams {
 public:
  Streams(int num_streams, int act_dim, std::uint64_t seed) : n_(num_streams), a_(act_dim), rng_(seed) {
    obs_ = draw(n_ * kObs);
  }

  void step(Learner& learner, bool random) {
    std::vector<float> actions(n_ * a_);
    if (random)
      learner.random_actions(actions);
    else
      learner.act_all(obs_, actions);
    const std::vector<float> next = draw(n_ * kObs), reward = draw(n_);
    std::vector<std::uint8_t> terminated(n_), truncated(n_);
    for (int i = 0; i < n_; ++i) {
      terminated[i] = rng_.uniform() < 0.05;
      truncated[i] = rng_.uniform() < 0.05;
    }
    learner.observe_all({obs_, actions, reward, next, terminated, truncated});
    obs_ = next;
  }

  std::vector<float> draw(int count) {
    std::vector<float> out(count);
    for (float& x : out) x = static_cast<float>(rng_.normal());
    return out;
  }

 private:
  int n_, a_;
  Rng rng_;
  std::vector<float> obs_;
};

LearnerOptions small_options(int num_streams) {
  LearnerOptions options;
  options.buffer_size = 60;
  options.num_streams = num_streams;
  options.seed = 5;
  return options;
}

void train(Learner& learner, Streams& streams, int steps) {
  for (int i = 0; i < steps; ++i) {
    streams.step(learner, i < 5);
    learner.update();
  }
}

class LearnerOfVariant : public testing::TestWithParam<LearnerVariant> {
 protected:
  LearnerOfVariant() : config(tiny()) {
    GetParam().set(config);
    config.num_actions = GetParam().num_actions;
    act_dim = config.num_actions > 0 ? 1 : 2;
  }
  Learner make() const { return Learner(kObs, act_dim, config, small_options(2)); }
  SacConfig config;
  int act_dim;
};

TEST_P(LearnerOfVariant, GoesOnFromItsFilesAndAsACopy) {
  const TempDir folder;
  const std::string file = (folder.path() / "learner").string(), replay = (folder.path() / "replay").string();
  Learner learner = make();
  Streams streams(2, act_dim, 1);
  train(learner, streams, 60);
  learner.save(file);
  learner.save_replay(replay);
  Learner loaded = Learner::load(file, 2), copy = learner.clone();
  loaded.load_replay(replay);
  EXPECT_EQ(loaded.state_hash(), learner.state_hash());
  EXPECT_EQ(copy.state_hash(), learner.state_hash());
  Streams same[] = {streams, streams};
  train(learner, streams, 20);
  train(loaded, same[0], 20);
  train(copy, same[1], 20);
  EXPECT_EQ(loaded.state_hash(), learner.state_hash());
  EXPECT_EQ(copy.state_hash(), learner.state_hash());
}

// What the policy says of actions is a density: it integrates to 1 over them, or sums to it.
TEST_P(LearnerOfVariant, DensityIntegratesToOne) {
  if (config.policy != PolicyKind::squashed_gaussian) GTEST_SKIP() << "not on [-1, 1]";
  Learner learner = make();
  Streams streams(2, act_dim, 2);
  train(learner, streams, 20);
  std::vector<float> obs = streams.draw(kObs);
  for (float& x : obs) x *= 0.1f;  // where no policy is steep or wide, so that the quadrature holds
  if (config.num_actions > 0) {
    std::vector<float> probability(config.num_actions);
    learner.agent().action_probabilities(obs, 1, probability);
    for (int a = 0; a < config.num_actions; ++a) {
      const std::vector<float> action = {static_cast<float>(2 * a + 1) / static_cast<float>(config.num_actions) - 1.0f};
      double log_prob = 0.0;
      learner.agent().log_prob(obs, action, 1, std::span(&log_prob, 1));
      EXPECT_NEAR(std::exp(log_prob), static_cast<double>(probability[a]), 1e-6);
    }
    return;
  }
  const Quadrature rule = gauss_legendre(200);
  const int nodes = 200, rows = nodes * nodes;
  std::vector<float> actions;
  std::vector<float> many;
  for (const double x : rule.node) {
    for (const double y : rule.node) {
      actions.insert(actions.end(), {static_cast<float>(x), static_cast<float>(y)});
      many.insert(many.end(), obs.begin(), obs.end());
    }
  }
  std::vector<double> log_prob(rows);
  learner.agent().log_prob(many, actions, rows, log_prob);
  double total = 0.0;
  for (int i = 0; i < rows; ++i) total += rule.weight[i / nodes] * rule.weight[i % nodes] * std::exp(log_prob[i]);
  EXPECT_NEAR(total, 1.0, 2e-4);
}

// The critics at a batch are those that its update reads. With batch norms an update normalises by the batch instead.
TEST_P(LearnerOfVariant, CriticsAreThoseOfTheUpdate) {
  if (config.dropout_rate > 0.0) GTEST_SKIP() << "an update drops a part of its critics, q_values() nothing";
  Learner learner = make();
  Streams streams(2, act_dim, 3);
  train(learner, streams, 20);
  const SampledBatch rows = learner.sample(config.batch_size);
  std::vector<float> q(config.n_critics * config.batch_size);
  learner.agent().q_values(rows.obs, rows.actions, config.batch_size, false, q);
  const BatchView<float> batch = learner.agent().batch();
  for (int b = 0; b < config.batch_size; ++b) {
    for (int c = 0; c < kObs; ++c) {
      batch.x.at(b, c) = rows.obs[b * kObs + c];
      batch.x.at(config.batch_size + b, c) = rows.next_obs[b * kObs + c];
    }
    for (int c = 0; c < act_dim; ++c) batch.x.at(b, kObs + c) = rows.actions[b * act_dim + c];
    batch.reward[b] = rows.reward[b];
    batch.discount[b] = rows.discount[b];
  }
  const UpdateMetrics metrics = learner.agent().update();
  double mean = 0.0;
  for (int b = 0; b < config.batch_size; ++b) mean += static_cast<double>(q[b]) / config.batch_size;
  const NormLayer norm = config.norm_layer_critic;
  if (norm == NormLayer::batch || norm == NormLayer::batch_renorm) {
    EXPECT_GT(std::fabs(metrics.q_mean - mean), 1e-4);
  } else {
    EXPECT_NEAR(metrics.q_mean, mean, 1e-5 * (1.0 + std::fabs(mean)));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, LearnerOfVariant, testing::ValuesIn(learner_variants()),
                         [](const auto& variant) { return variant.param.name; });

TEST(LearnerStreams, RowsAreTheStreamsAlone) {
  Learner rows(kObs, 2, tiny(), small_options(3)), alone(kObs, 2, tiny(), small_options(3));
  Streams streams(3, 2, 4);
  const std::vector<float> obs = streams.draw(3 * kObs), next = streams.draw(3 * kObs), reward = streams.draw(3);
  const std::vector<std::uint8_t> mask = {1, 0, 1}, terminated = {0, 0, 1}, truncated = {0, 1, 0};
  for (const bool deterministic : {false, true}) {
    std::vector<float> actions(6, 7.0f), expected(6, 7.0f);
    rows.act_all(obs, actions, deterministic, mask);
    for (const int i : {0, 2})
      alone.act(std::span(obs).subspan(i * kObs, kObs), std::span(expected).subspan(i * 2, 2), deterministic, i);
    EXPECT_EQ(actions, expected);
    rows.random_actions(actions, mask);
    for (const int i : {0, 2}) alone.random_action(std::span(expected).subspan(i * 2, 2), i);
    EXPECT_EQ(actions, expected);
    rows.observe_all({obs, actions, reward, next, terminated, truncated}, mask);
    for (const int i : {0, 2}) {
      alone.observe({std::span(obs).subspan(i * kObs, kObs), std::span(actions).subspan(i * 2, 2), reward[i],
                     std::span(next).subspan(i * kObs, kObs), terminated[i] != 0, truncated[i] != 0},
                    i);
    }
  }
  EXPECT_EQ(rows.num_transitions(), 4);
  EXPECT_EQ(rows.state_hash(), alone.state_hash());
}

TEST(LearnerStreams, PredictAndSampleChangeNothing) {
  Learner learner(kObs, 2, tiny(), small_options(2));
  Streams streams(2, 2, 5);
  train(learner, streams, 20);
  const std::uint64_t before = learner.state_hash();
  const std::vector<float> obs = streams.draw(5 * kObs);
  std::vector<float> first(10), second(10);
  learner.predict(obs, 5, false, first);
  learner.predict(obs, 5, false, second);
  EXPECT_NE(first, second);
  learner.predict(obs, 5, true, first);
  learner.predict(obs, 5, true, second);
  EXPECT_EQ(first, second);
  learner.sample(32);
  EXPECT_FALSE(learner.diagnose(3).empty());
  EXPECT_EQ(learner.state_hash(), before);
}

TEST(LearnerReplay, GoesOutAndBackIn) {
  Learner learner(kObs, 2, tiny(), small_options(2)), other(kObs, 2, tiny(), small_options(2));
  Streams streams(2, 2, 6);
  for (int i = 0; i < 20; ++i) streams.step(learner, true);
  const StoredTransitions rows = learner.stored_transitions();
  EXPECT_EQ(static_cast<std::int64_t>(rows.stream.size()), learner.num_transitions());
  other.extend_replay(rows);
  const StoredTransitions again = other.stored_transitions();
  EXPECT_EQ(again.stream, rows.stream);
  EXPECT_EQ(again.obs, rows.obs);
  EXPECT_EQ(again.actions, rows.actions);
  EXPECT_EQ(again.reward, rows.reward);
  EXPECT_EQ(again.next_obs, rows.next_obs);
  EXPECT_EQ(again.terminated, rows.terminated);
  EXPECT_EQ(again.truncated, rows.truncated);
  StoredTransitions bad = rows;
  bad.reward.back() = std::nanf("");
  EXPECT_THROW(other.extend_replay(bad), EnvError);
  EXPECT_EQ(other.stored_transitions().obs.size(), rows.obs.size());
  other.clear_replay();
  EXPECT_EQ(other.num_transitions(), 0);
  EXPECT_THROW(other.update(), ContractError);
}

// One long episode, three rewards a row, each divided and clipped before it is discounted.
TEST(LearnerReplay, BatchesAreNormalisedAsTheyAreDrawn) {
  SacConfig config = tiny();
  config.n_steps = 3;
  config.gamma = 0.5;
  Learner learner(1, 1, config, {.buffer_size = 100});
  const std::vector<float> action = {0.0f};
  for (int i = 0; i < 50; ++i) {
    const std::vector<float> obs = {static_cast<float>(i)}, next = {static_cast<float>(i + 1)};
    learner.observe({obs, action, static_cast<float>(i % 7), next});
  }
  BatchNormalisation n{{10.0}, {4.0}, {3.0}};
  n.reward_std = 2.0;
  n.reward_clip = 2.5;
  learner.set_batch_normalisation(n);
  const SampledBatch batch = learner.sample(200);
  const auto normalised = [&](int i) { return static_cast<float>(std::clamp((i - 10.0) / 4.0, -3.0, 3.0)); };
  for (int b = 0; b < 200; ++b) {
    const auto raw = [&](const SampledBatch& rows) { return rows.obs[b]; };
    int found = -1;
    for (int i = 0; i < 50 && found < 0; ++i) {
      double reward = 0.0, discount = 1.0;
      int k = 0;
      for (; k < 3 && i + k < 50; ++k, discount *= 0.5) reward += discount * std::min((i + k) % 7 / 2.0, 2.5);
      if (raw(batch) == normalised(i) && std::fabs(static_cast<double>(batch.reward[b]) - reward) < 1e-6 &&
          batch.next_obs[b] == normalised(i + k) && static_cast<double>(batch.discount[b]) == discount)
        found = i;
    }
    EXPECT_GE(found, 0) << "row " << b;
  }
  learner.set_batch_normalisation(std::nullopt);
  const SampledBatch plain = learner.sample(200);
  EXPECT_GT(*std::ranges::max_element(plain.obs), 3.5f);
  n.obs_std = {0.0};
  EXPECT_THROW(learner.set_batch_normalisation(n), ContractError);
  n.obs_std = {1.0, 1.0};
  EXPECT_THROW(learner.set_batch_normalisation(n), ContractError);
}

TEST(LearnerRates, ChangeFromTheNextUpdateOn) {
  Learner a(kObs, 2, tiny(), small_options(2)), b(kObs, 2, tiny(), small_options(2));
  Streams sa(2, 2, 7), sb(2, 2, 7);
  train(a, sa, 10);
  train(b, sb, 10);
  a.agent().set_learning_rates(3e-4, 3e-4, 3e-4);
  a.update();
  b.update();
  EXPECT_EQ(a.state_hash(), b.state_hash());
  a.agent().set_learning_rates(1e-3, 2e-3, 3e-3);
  EXPECT_EQ(a.update().learning_rate, 2e-3);
  b.update();
  EXPECT_NE(a.state_hash(), b.state_hash());
  EXPECT_EQ(a.agent().config().learning_rate_actor, 1e-3);
  EXPECT_THROW(a.agent().set_learning_rates(-1.0, 0.0, 0.0), ConfigError);
  EXPECT_THROW(a.agent().set_learning_rates(0.0, std::nan(""), 0.0), ConfigError);
  SacConfig config = tiny();
  config.learning_rate_schedule = LearningRateSchedule::linear;
  config.learning_rate_steps = 10;
  Learner scheduled(kObs, 2, config, small_options(2));
  EXPECT_THROW(scheduled.agent().set_learning_rates(1e-3, 1e-3, 1e-3), ConfigError);
}

TEST(LearnerMeans, AreThoseOfTheUpdates) {
  SacConfig config = tiny();
  config.policy_delay = 2;
  Learner a(kObs, 2, config, small_options(2)), b(kObs, 2, config, small_options(2));
  Streams sa(2, 2, 8), sb(2, 2, 8);
  train(a, sa, 10);
  train(b, sb, 10);
  const UpdateMetrics mean = a.update(4);
  double critic = 0.0, actor = 0.0;
  int actors = 0;
  for (int i = 0; i < 4; ++i) {
    const UpdateMetrics one = b.update();
    critic += one.critic_loss / 4;
    actor += one.actor_step ? one.actor_loss : 0.0;
    actors += one.actor_step;
  }
  EXPECT_NEAR(mean.critic_loss, critic, 1e-12);
  EXPECT_NEAR(mean.actor_loss, actor / actors, 1e-12);
  EXPECT_EQ(a.state_hash(), b.state_hash());
  EXPECT_THROW(a.update(0), ContractError);
}

// Values between the parameters (widths are no multiples of 16) have become NaN too.
TEST(LearnerStates, OneThatIsNoLongerFiniteIsRestored) {
  for (const LearnerVariant& variant : learner_variants()) {
    SCOPED_TRACE(variant.name);
    SacConfig config = tiny();
    config.net_arch = {6, 5};
    variant.set(config);
    config.num_actions = variant.num_actions;
    const int act_dim = variant.num_actions > 0 ? 1 : 2;
    Learner a(kObs, act_dim, config, small_options(1));
    Streams streams(1, act_dim, 8);
    train(a, streams, 10);
    std::vector<TensorRef> tensors = a.agent().model_tensors();
    for (TensorRef& t : a.agent().optimizer_tensors()) tensors.push_back(t);
    const TensorFile good = save_tensors(tensors, {});
    const SacAgent::Counters counters = a.agent().counters();
    const std::uint64_t hash = a.agent().state_hash();
    const bool constant = config.learning_rate_schedule == LearningRateSchedule::constant;
    if (constant) a.agent().set_learning_rates(1e300, 1e300, 1e300);  // infinite as float
    for (int i = 0; i < 3 && constant; ++i) EXPECT_THROW(a.update(), NumericsError);
    if (constant) a.agent().set_learning_rates(1e-3, 1e-3, 1e-3);
    for (TensorRef& t : tensors) {
      std::size_t size = 1;
      for (const std::int64_t n : t.shape) size *= n;
      if (!t.is_double()) t.write(std::vector<float>(size, std::nanf("")));
    }
    for (int i = 0; i < 3; ++i) EXPECT_THROW(a.update(), NumericsError);
    load_tensors(tensors, good, "state");
    a.agent().set_counters(counters);
    EXPECT_EQ(a.agent().state_hash(), hash);
    a.update(3);
  }
}

TEST(LearnerMeans, UpdatesEndWhereTheyAreAskedTo) {
  Learner a(kObs, 2, tiny(), small_options(2)), b(kObs, 2, tiny(), small_options(2));
  Streams sa(2, 2, 8), sb(2, 2, 8);
  train(a, sa, 10);
  train(b, sb, 10);
  int asked = 0;
  const std::int64_t before = a.agent().num_updates();
  const UpdateMetrics some = a.update(1000, [&] { return ++asked < 3; });
  EXPECT_EQ(a.agent().num_updates(), before + 3);
  EXPECT_EQ(some.critic_loss, b.update(3).critic_loss);
  EXPECT_EQ(a.state_hash(), b.state_hash());
}

TEST(LearnerFiles, NoneReplacesADeviceNorLeavesItsTemporaryFile) {
  const TempDir folder;
  const std::string pipe = (folder.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Learner learner(kObs, 2, tiny(), small_options(2));
  EXPECT_THROW(learner.save(pipe), IoError);
  EXPECT_THROW(learner.save_replay(pipe), IoError);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  EXPECT_FALSE(std::filesystem::exists(pipe + ".tmp"));
}

// Every cut, and every byte changed (of the header each, then some): refused, or a whole learner.
TEST(LearnerFiles, DamagedOnesAreRefused) {
  const TempDir folder;
  const std::string file = (folder.path() / "learner").string(), replay = (folder.path() / "replay").string();
  Learner learner(kObs, 2, tiny(), small_options(2));
  Streams streams(2, 2, 9);
  train(learner, streams, 20);
  learner.save(file);
  learner.save_replay(replay);
  const auto read = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto write = [](const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  };
  const std::string good_file = read(file), good_replay = read(replay);
  const auto load = [&] {
    try {
      Learner loaded = Learner::load(file);
      EXPECT_EQ(loaded.agent().act_dim(), 2);
    } catch (const IoError&) {
    } catch (const MemoryError&) {
    }
  };
  for (std::size_t cut = 0; cut < good_file.size(); cut += cut < 4000 ? 97 : 1009) {
    write(file, good_file.substr(0, cut));
    EXPECT_THROW(Learner::load(file), IoError) << cut;
  }
  for (std::size_t at = 0; at < 4000; at += 13) {
    std::string bad = good_file;
    bad[at] = static_cast<char>(bad[at] ^ 5);
    write(file, bad);
    load();
  }
  Learner other(kObs, 2, tiny(), small_options(2));
  for (std::size_t at = 0; at < good_replay.size(); at += 11) {
    write(replay, good_replay.substr(0, at));
    EXPECT_THROW(other.load_replay(replay), IoError) << at;
    EXPECT_EQ(other.num_transitions(), 0);
    std::string bad = good_replay;
    bad[at] = static_cast<char>(bad[at] ^ 16);
    write(replay, bad);
    EXPECT_THROW(other.load_replay(replay), IoError) << at;
  }
  write(replay, good_replay);
  Learner wider(kObs + 1, 2, tiny(), small_options(2)), fewer(kObs, 2, tiny(), small_options(1));
  EXPECT_THROW(wider.load_replay(replay), IoError);
  EXPECT_THROW(fewer.load_replay(replay), IoError);
  other.load_replay(replay);
  EXPECT_EQ(other.num_transitions(), learner.num_transitions());
  EXPECT_THROW(Learner::load((folder.path() / "none").string()), IoError);
  EXPECT_THROW(learner.save((folder.path() / "none" / "x").string()), IoError);
}

TEST(LearnerMisuse, IsRefusedWithItsSizes) {
  Learner learner(kObs, 2, tiny(), small_options(2));
  std::vector<float> obs(6), actions(4), q(2);
  std::vector<double> log_prob(1);
  const std::vector<std::uint8_t> mask(3);
  EXPECT_THROW(learner.act_all(std::span(obs).first(5), actions), ContractError);
  EXPECT_THROW(learner.act_all(obs, actions, false, mask), ContractError);
  EXPECT_THROW(learner.random_actions(std::span(actions).first(3)), ContractError);
  EXPECT_THROW(learner.observe_all({obs, actions, obs, obs, mask, mask}), ContractError);
  EXPECT_THROW(learner.predict(obs, 0, true, actions), ContractError);
  EXPECT_THROW(learner.agent().q_values(obs, actions, 2, false, q), ContractError);
  EXPECT_THROW(learner.agent().log_prob(obs, actions, 2, log_prob), ContractError);
  EXPECT_THROW(learner.sample(1), ContractError);
  EXPECT_THROW(learner.diagnose(0), ContractError);
  EXPECT_THROW(learner.end_episode(2), ContractError);
  obs[4] = std::nanf("");
  EXPECT_THROW(learner.act_all(obs, actions), NumericsError);
}

TEST(LearnerStreams, DoNotAllocateInTheSteadyState) {
  Learner learner(kObs, 2, tiny(), small_options(3));
  std::vector<float> obs(9, 0.5f), next(9, 0.25f), actions(6), reward(3, 1.0f);
  const std::vector<std::uint8_t> mask = {1, 0, 1}, no(3);
  std::int64_t before = 0;
  for (int i = 0; i < 60; ++i) {
    if (i == 30) before = num_allocations();
    learner.act_all(obs, actions);
    learner.act_all(obs, actions, false, mask);
    learner.random_actions(actions);
    learner.observe_all({obs, actions, reward, next, no, no}, mask);
    learner.update();
    std::swap(obs, next);
  }
  EXPECT_EQ(num_allocations(), before);
}

}  // namespace
}  // namespace softac::test

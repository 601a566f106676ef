// Batch norms inside the learner: CrossQ's whole critic loss against numbers from elsewhere, the forms of the joint
// batch, what is plain SAC where nothing is normalised, evaluation mode, and which settings are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/describe.h"
#include "agent/update.h"
#include "softac/agent.h"
#include "softac/error.h"
#include "softac/sac_settings.h"
#include "support/random_batch.h"

namespace softac {
namespace {

SacConfig crossq() {
  SacConfig c;
  c.norm_layer_actor = c.norm_layer_critic = NormLayer::batch;
  c.norm_place = NormPlace::after_activation;
  c.norm_input = true;
  c.norm_eps = 1e-3;
  c.joint_batch = JointBatch::online;
  c.target_network = TargetNetwork::none;
  return c;
}

// methods N1: B 3, O 2, A 1, two critics of 3-4-4-1.
class WholeCriticLoss : public testing::Test {
 protected:
  static SacConfig config() {
    SacConfig c = crossq();
    c.net_arch = {4, 4};
    c.batch_size = 3;
    c.ent_coef_auto = false;
    c.ent_coef = 0.2;
    c.log_std_min = -5;
    return c;
  }
  explicit WholeCriticLoss(const SacConfig& c) : sac_(2, 1, c, 1, 1, "reference") {
    const auto batch = sac_.batch();
    for (int b = 0; b < 3; ++b) {
      for (int d = 0; d < 2; ++d) {
        batch.x.at(b, d) = std::sin(0.5 + 1.1 * b + 2.3 * d);
        batch.x.at(3 + b, d) = std::sin(1.5 + 1.1 * b + 2.3 * d);
      }
      batch.x.at(b, 2) = 0.8 * std::cos(0.2 + 0.7 * b);
      batch.reward[b] = 0.3 * (b - 1);
      batch.discount[b] = b == 2 ? 0.0 : 0.9;
    }
    LearnerState<double>& state = sac_.state();
    int tensor = 0, critic = 0;
    for (const Slot& slot : state.critic_layout.slots()) {
      const bool norm = slot.kind == SlotKind::norm;
      double* base = state.critic.value + slot.offset;
      const auto wave = [&](int j) { return std::sin(1 + j + 10 * (tensor + 100 * critic)); };
      for (int o = 0; o < slot.out; ++o) {
        for (int i = 0; i < slot.in; ++i)
          base[slot.weight_index(o, i)] = norm ? 1 + 0.1 * wave(o) : 0.5 * wave(o * slot.in + i);
      }
      ++tensor;
      for (int o = 0; o < slot.out; ++o) base[slot.bias_index(o)] = 0.1 * wave(o);
      ++tensor;
      if (slot.output) tensor = 0, ++critic;
    }
    sac_.draw_noise();
    sac_.sample_policy();
    for (int b = 0; b < 3; ++b) {
      *sac_.samples().action_row(3 + b) = 0.8 * std::cos(1.2 + 0.7 * b);
      sac_.samples().log_pi[sac_.samples().at(3 + b, 0)] = -1 + 0.5 * b;
    }
    sac_.parameters_changed();
  }
  WholeCriticLoss() : WholeCriticLoss(config()) {}

  // Sum and sum of squares of a tensor's gradient.
  std::pair<double, double> gradient(const std::string& name, bool bias) {
    std::pair<double, double> out;
    for (const Slot& slot : sac_.state().critic_layout.slots()) {
      if (slot.name != name) continue;
      const auto add = [&](std::int64_t i) {
        const double g = sac_.state().critic.grad[slot.offset + i];
        out.first += g, out.second += g * g;
      };
      for (int o = 0; o < slot.out; ++o) {
        if (bias) add(slot.bias_index(o));
        for (int i = 0; i < slot.in && !bias; ++i) add(slot.weight_index(o, i));
      }
    }
    return out;
  }
  void expect_gradient(const std::string& name, bool bias, double sum, double squares) {
    const auto found = gradient(name, bias);
    EXPECT_NEAR(found.first, sum, 6e-10) << name;
    EXPECT_NEAR(found.second, squares, 6e-10) << name;
  }

  SacUpdate<double> sac_;
};

TEST_F(WholeCriticLoss, AgreesWithNumbersFromElsewhere) {
  sac_.find_targets();
  const double loss = sac_.critic_gradients();
  const double y[] = {0.0535090634, -0.6799237629, 0.3}, q0[] = {-0.0301339399, -0.7745028291, -0.9427171792},
               q1[] = {-0.3224075467, 0.3057800979, -0.5806076407};
  for (int b = 0; b < 3; ++b) {
    EXPECT_NEAR(sac_.targets()[b], y[b], 6e-11);
    EXPECT_NEAR(sac_.q(0)[b], q0[b], 6e-11);
    EXPECT_NEAR(sac_.q(1)[b], q1[b], 6e-11);
  }
  EXPECT_NEAR(loss, 1.1495608517, 6e-11);
  expect_gradient("critic.0.layers.0", false, -0.3024498550, 1.2715931364);
  expect_gradient("critic.0.layers.0.norm", false, -0.0046254503, 0.1125234790);
  expect_gradient("critic.0.layers.1", false, -0.0598557616, 1.0046105973);
  expect_gradient("critic.0.layers.1.norm", true, -0.8280375726, 0.3781408706);
  expect_gradient("critic.0.output", false, -0.6632428722, 4.6182913092);
  expect_gradient("critic.0.input_norm", false, -0.0814340533, 0.0365070457);
  double sum = 0, squares = 0;
  for (const std::string part : {"input_norm", "layers.0", "layers.0.norm", "layers.1", "layers.1.norm", "output"}) {
    for (const bool bias : {false, true}) {
      const auto found = gradient("critic.1." + part, bias);
      sum += found.first, squares += found.second;
    }
  }
  EXPECT_NEAR(sum, 1.8289319396, 6e-9);
  EXPECT_NEAR(squares, 8.5932620561, 6e-9);
}

class RenormalisedLoss : public WholeCriticLoss {
 protected:
  static SacConfig renorm() {
    SacConfig c = config();
    c.norm_layer_critic = NormLayer::batch_renorm;
    c.renorm_warmup_steps = 0;
    return c;
  }
  RenormalisedLoss() : WholeCriticLoss(renorm()) {}
};

// One critic by itself, row by row, in the paper's form: r and d by the running statistics, or those that are given.
struct PaperForm {
  LearnerState<double>& state;
  const BatchView<double>& batch;
  std::vector<double> mean, variance;               // running, before the pass
  std::map<std::string, std::vector<double>> r, d;  // by the norm's name

  using Matrix = std::vector<std::vector<double>>;
  double param(const Slot& slot, int o, int i) const {
    return state.critic.value[slot.offset + (i < 0 ? slot.bias_index(o) : slot.weight_index(o, i))];
  }
  // (2B) Q at s and s'. next_action: (B). frozen: r and d are taken as they are.
  std::vector<double> q(int critic, const std::vector<double>& next_action, bool frozen) {
    const std::string prefix = "critic." + std::to_string(critic) + ".";
    Matrix x;
    for (int b = 0; b < 6; ++b) {
      const double action = b < 3 ? batch.x.at(b, 2) : next_action[static_cast<std::size_t>(b - 3)];
      x.push_back({batch.x.at(b, 0), batch.x.at(b, 1), action});
    }
    for (const Slot& slot : state.critic_layout.slots()) {
      if (!slot.name.starts_with(prefix)) continue;
      if (slot.kind == SlotKind::norm) {
        norm(slot, x, frozen);
        continue;
      }
      Matrix y;
      for (const auto& row : x) {
        y.emplace_back();
        for (int o = 0; o < slot.out; ++o) {
          double sum = param(slot, o, -1);
          for (int i = 0; i < slot.in; ++i) sum += param(slot, o, i) * row[static_cast<std::size_t>(i)];
          y.back().push_back(slot.output ? sum : std::max(sum, 0.0));
        }
      }
      x = y;
    }
    std::vector<double> out;
    for (const auto& row : x) out.push_back(row[0]);
    return out;
  }
  void norm(const Slot& slot, Matrix& x, bool frozen) {
    std::int64_t offset = 0;
    for (const StatisticsSlot& statistics : state.critic_layout.statistics()) {
      if (statistics.name == slot.name) offset = statistics.offset;
    }
    auto &scale = r[slot.name], &shift = d[slot.name];
    scale.resize(static_cast<std::size_t>(slot.out)), shift.resize(scale.size());
    for (std::size_t c = 0; c < scale.size(); ++c) {
      double mu = 0, v = 0;
      for (const auto& row : x) mu += row[c] / 6;
      for (const auto& row : x) v += (row[c] - mu) * (row[c] - mu) / 6;
      const std::size_t at = static_cast<std::size_t>(offset) + c;
      const double s = std::sqrt(v + 1e-3), s_run = std::sqrt(variance[at] + 1e-3);
      if (!frozen) scale[c] = std::clamp(s / s_run, 1.0 / 3.0, 3.0);
      if (!frozen) shift[c] = std::clamp((mu - mean[at]) / s_run, -5.0, 5.0);
      const int o = static_cast<int>(c);
      for (auto& row : x) row[c] = param(slot, o, 0) * ((row[c] - mu) / s * scale[c] + shift[c]) + param(slot, o, -1);
    }
  }
};

// Behind the warm-up. The repositories' form has other numbers here: a unit that is dead in every row puts out β there,
// and what evaluation mode does here.
TEST_F(RenormalisedLoss, IsThatOfThePapersForm) {
  LearnerState<double>& state = sac_.state();
  RunningStatistics<double>& running = state.critic_norms;
  for (const StatisticsSlot& slot : state.critic_layout.statistics()) {
    const int place = slot.name.ends_with("input_norm") ? 0 : slot.name.ends_with("layers.0.norm") ? 1 : 2;
    for (int c = 0; c < slot.out; ++c) {
      running.mean[slot.offset + c] = 0.1 * (place + 1);
      running.variance[slot.offset + c] = std::vector{0.8, 0.5, 0.6}[static_cast<std::size_t>(place)];
    }
    running.refresh(slot.offset, slot.out);
  }
  const auto batch = sac_.batch();
  PaperForm paper{state, batch, {running.mean, running.mean + running.size}, {}, {}, {}};
  paper.variance.assign(running.variance, running.variance + running.size);
  std::vector<double> next_action, y;
  for (int b = 0; b < 3; ++b) next_action.push_back(*sac_.samples().action_row(3 + b));
  sac_.find_targets();
  const double loss = sac_.critic_gradients();
  EXPECT_EQ(running.passes, 1.0);
  const auto q0 = paper.q(0, next_action, false), q1 = paper.q(1, next_action, false);
  for (int b = 0; b < 3; ++b) {
    const auto at = static_cast<std::size_t>(b);
    const double least = std::min(q0[at + 3], q1[at + 3]), log_pi = -1 + 0.5 * b;
    y.push_back(batch.reward[b] + batch.discount[b] * (least - 0.2 * log_pi));
    EXPECT_NEAR(sac_.targets()[b], y.back(), 1e-12);
    EXPECT_NEAR(sac_.q(0)[b], q0[at], 1e-12);
    EXPECT_NEAR(sac_.q(1)[b], q1[at], 1e-12);
  }
  const auto loss_by_hand = [&] {
    double sum = 0;
    for (int i : {0, 1}) {
      const auto q = paper.q(i, next_action, true);
      for (std::size_t b = 0; b < 3; ++b) sum += (q[b] - y[b]) * (q[b] - y[b]) / 3;
    }
    return sum;
  };
  EXPECT_NEAR(loss, loss_by_hand(), 1e-12);
  int compared = 0;
  for (const Slot& slot : state.critic_layout.slots()) {
    for (int o = 0; o < slot.out; ++o) {
      for (int i = -1; i < slot.in; ++i, ++compared) {
        const std::int64_t at = slot.offset + (i < 0 ? slot.bias_index(o) : slot.weight_index(o, i));
        double side[2];
        for (int s : {0, 1}) {
          state.critic.value[at] += s == 0 ? 1e-6 : -2e-6;
          side[s] = loss_by_hand();
        }
        state.critic.value[at] += 1e-6;
        EXPECT_NEAR(state.critic.grad[at], (side[0] - side[1]) / 2e-6, 1e-7) << slot.name << ' ' << o << ' ' << i;
      }
    }
  }
  EXPECT_EQ(compared, 2 * (6 + 16 + 8 + 20 + 8 + 5));
}

SacConfig small() {
  SacConfig c;
  c.net_arch = {20, 33};
  c.batch_size = 24;
  return c;
}

std::map<std::string, std::vector<float>> tensors_after(const SacConfig& config, int updates) {
  SacAgent agent(5, 2, config, 7);
  for (int i = 0; i < updates; ++i) {
    fill(agent.batch(), static_cast<std::uint64_t>(i));
    EXPECT_TRUE(agent.update().finite);
  }
  std::map<std::string, std::vector<float>> out;
  for (const TensorRef& tensor : agent.model_tensors()) {
    if (tensor.is_double() || tensor.name.starts_with("target.")) continue;
    std::size_t size = 1;
    for (const std::int64_t n : tensor.shape) size *= static_cast<std::size_t>(n);
    tensor.read(out[tensor.name] = std::vector<float>(size));
  }
  return out;
}

// Rows are independent without batch norms, so that nothing depends on which of them a pass takes.
TEST(JointBatch, IsPlainSacWithoutBatchNorms) {
  const auto plain = tensors_after(small(), 4);
  for (const JointBatch joint : {JointBatch::online, JointBatch::both}) {
    SacConfig c = small();
    c.joint_batch = joint;
    EXPECT_EQ(tensors_after(c, 4), plain);
  }
  // Critics that are their own targets: SAC whose targets follow at once.
  SacConfig followed = small(), alone = small();
  followed.tau = 1.0;
  alone.joint_batch = JointBatch::online;
  alone.target_network = TargetNetwork::none;
  const auto crossq_without_norms = tensors_after(alone, 4);
  EXPECT_EQ(crossq_without_norms, tensors_after(followed, 4));
  EXPECT_NE(crossq_without_norms, plain);
}

// The three forms differ where there are batch norms, and a batch renorm is a batch norm before its warm-up ends.
TEST(JointBatch, FormsDiffer) {
  SacConfig off = small();
  off.norm_layer_critic = NormLayer::batch;
  SacConfig online = off, both = off, none = off, renorm = off;
  online.joint_batch = none.joint_batch = JointBatch::online;
  both.joint_batch = JointBatch::both;
  none.target_network = TargetNetwork::none;
  renorm.norm_layer_critic = NormLayer::batch_renorm;
  std::vector<std::map<std::string, std::vector<float>>> found;
  for (const SacConfig& c : {off, online, both, none}) found.push_back(tensors_after(c, 3));
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(found[i], found[j]) << i << ' ' << j;
  }
  EXPECT_EQ(tensors_after(renorm, 3), found[0]);
  renorm.renorm_warmup_steps = 2;
  EXPECT_NE(tensors_after(renorm, 3), found[0]);
}

class DoubleLearner {
 public:
  explicit DoubleLearner(const SacConfig& c) : sac(3, 2, c, 3, 1, "reference") {
    fill(sac.batch(), 5);
    sac.draw_noise();
  }
  double loss() {
    sac.sample_policy();
    sac.find_targets();
    return sac.critic_gradients();
  }
  SacUpdate<double> sac;
};

// What is added before a batch norm in every row goes away again: biases there, and the input norm's β, are left out.
TEST(BatchNormLearner, ConstantsBeforeTheNormChangeNothing) {
  SacConfig c = small();
  c.norm_layer_critic = NormLayer::batch;
  c.norm_input = true;
  c.joint_batch = JointBatch::both;
  DoubleLearner learner(c);
  LearnerState<double>& state = learner.sac.state();
  const double loss = learner.loss();
  int fixed = 0;
  for (const Slot& slot : state.critic_layout.slots()) {
    if (slot.has_bias) continue;
    ++fixed;
    for (int o = 0; o < slot.out; ++o) EXPECT_EQ(state.critic.grad[slot.offset + slot.bias_index(o)], 0.0);
    state.critic.value[slot.offset + slot.bias_index(0)] = 0.7;
  }
  EXPECT_EQ(fixed, 2 * 3);
  learner.sac.parameters_changed();
  EXPECT_NEAR(learner.sac.critic_gradients(), loss, 1e-11 * std::fabs(loss));
  for (const TensorRef& tensor : state.model_tensors()) {
    EXPECT_NE(tensor.name, "critic.0.layers.0.bias");
    EXPECT_NE(tensor.name, "critic.0.input_norm.bias");
  }
}

// A row of weights before a batch norm has no effect by its length, but for ε.
TEST(BatchNormLearner, GradientsStandAcrossTheWeightsBeforeANorm) {
  SacConfig c = small();
  c.norm_layer_critic = NormLayer::batch;
  c.joint_batch = JointBatch::both;
  c.norm_eps = 1e-13;
  DoubleLearner learner(c);
  learner.loss();
  LearnerState<double>& state = learner.sac.state();
  int rows = 0;
  for (const Slot& slot : state.critic_layout.slots()) {
    if (slot.has_bias) continue;
    for (int o = 0; o < slot.out; ++o, ++rows) {
      double product = 0, size = 0;
      for (int i = 0; i < slot.in; ++i) {
        const std::int64_t at = slot.offset + slot.weight_index(o, i);
        product += state.critic.grad[at] * state.critic.value[at];
        size += std::fabs(state.critic.grad[at] * state.critic.value[at]);
      }
      EXPECT_LE(std::fabs(product), 1e-9 * size + 1e-14);
    }
  }
  EXPECT_EQ(rows, 2 * (20 + 33));
}

// Rows of a joint batch in another order: the same loss and gradients, up to the order of the sums.
TEST(BatchNormLearner, RowsMayComeInAnyOrder) {
  SacConfig c = crossq();
  c.net_arch = {6, 5};
  c.batch_size = 8;
  DoubleLearner a(c), b(c);
  const auto from = a.sac.batch(), to = b.sac.batch();
  double *eps_a = a.sac.samples().eps, *eps_b = b.sac.samples().eps;
  for (int r = 0; r < 8; ++r) {
    const int other = (3 * r + 2) % 8;
    for (const int half : {0, 8}) {
      for (int col = 0; col < 5; ++col) to.x.at(half + r, col) = from.x.at(half + other, col);
      for (int d = 0; d < 2; ++d) eps_b[(half + r) * 2 + d] = eps_a[(half + other) * 2 + d];
    }
    to.reward[r] = from.reward[other];
    to.discount[r] = from.discount[other];
  }
  const double loss = a.loss();
  EXPECT_NEAR(b.loss(), loss, 1e-12);
  for (int r = 0; r < 8; ++r) EXPECT_NEAR(b.sac.q(0)[r], a.sac.q(0)[(3 * r + 2) % 8], 1e-12);
  const Params<double>&x = a.sac.state().critic, &y = b.sac.state().critic;
  for (std::int64_t i = 0; i < x.size; ++i) EXPECT_NEAR(x.grad[i], y.grad[i], 1e-11);
}

// Running statistics move in training passes alone: not by acting, reading values, describing the policy or looking.
TEST(BatchNormLearner, OnlyUpdatesMoveTheStatistics) {
  SacConfig c = crossq();
  c.net_arch = {16};
  c.batch_size = 12;
  c.policy_delay = 2;
  SacAgent agent(3, 2, c, 1);
  const auto passes = [&] {
    std::vector<double> out;
    for (const TensorRef& tensor : agent.model_tensors()) {
      if (!tensor.is_double()) continue;
      out.push_back(0.0);
      tensor.read_double(std::span(&out.back(), 1));
    }
    return out;
  };
  for (int i = 0; i < 5; ++i) fill(agent.batch(), static_cast<std::uint64_t>(i)), agent.update();
  EXPECT_EQ(passes(), (std::vector{3.0, 5.0}));  // the actor's, the critics'
  const std::uint64_t hash = agent.state_hash();
  const std::vector<float> obs(6, 0.5f), actions(4, 0.1f);
  std::vector<float> out(4), again(4), q(4);
  EXPECT_TRUE(agent.act(obs, 2, true, std::span<Rng>{}, out));
  agent.q_values(obs, actions, 2, false, q);
  agent.q_values(obs, actions, 2, true, q);  // of their own targets
  agent.describe();
  EXPECT_TRUE(agent.act(obs, 2, true, std::span<Rng>{}, again));
  EXPECT_EQ(out, again);
  EXPECT_EQ(agent.state_hash(), hash);
  SacUpdate<float> looked(3, 2, c, 1, 1, "");
  looked.evaluate_only();
  fill(looked.batch(), 1);
  const std::uint64_t before = looked.state().hash();
  looked.sample_policy();
  looked.actor_gradients();
  EXPECT_EQ(looked.state().hash(), before);
}

// In evaluation mode a batch norm is an affine map of each feature, which the product before or after it can take over.
TEST(BatchNormLearner, FoldsIntoItsNeighbours) {
  for (const NormPlace place : {NormPlace::before_activation, NormPlace::after_activation}) {
    SacConfig c = crossq();
    c.norm_place = place;
    c.net_arch = {16, 12};
    c.batch_size = 32;
    c.learning_rate = 1e-2;
    SacConfig without = small();
    without.net_arch = c.net_arch;
    SacAgent agent(3, 2, c, 1), folded(3, 2, without, 1);
    for (int i = 0; i < 20; ++i) fill(agent.batch(), static_cast<std::uint64_t>(i)), agent.update();
    std::map<std::string, std::vector<float>> t;
    for (const TensorRef& tensor : agent.model_tensors()) {
      if (!tensor.name.starts_with("actor.") || tensor.is_double()) continue;
      std::size_t size = 1;
      for (const std::int64_t n : tensor.shape) size *= static_cast<std::size_t>(n);
      tensor.read(t[tensor.name] = std::vector<float>(size));
    }
    // y = scale·x + shift of a norm's features; the identity where there is none.
    const auto affine = [&](const std::string& norm, std::size_t size) {
      std::pair<std::vector<double>, std::vector<double>> out(std::vector<double>(size, 1.0),
                                                              std::vector<double>(size));
      for (std::size_t i = 0; i < size && t.count(norm + ".weight"); ++i) {
        const auto value = [&](const char* part) { return static_cast<double>(t[norm + part][i]); };
        out.first[i] = value(".weight") / std::sqrt(value(".running_var") + c.norm_eps);
        out.second[i] = (t.count(norm + ".bias") ? value(".bias") : 0.0) - out.first[i] * value(".running_mean");
      }
      return out;
    };
    const bool before = place == NormPlace::before_activation;
    const std::map<std::string, std::string> norm_before = {{"actor.layers.0", "actor.input_norm"},
                                                            {"actor.layers.1", before ? "" : "actor.layers.0.norm"},
                                                            {"actor.mu", before ? "" : "actor.layers.1.norm"},
                                                            {"actor.log_std", before ? "" : "actor.layers.1.norm"}};
    int written = 0;
    for (const TensorRef& tensor : folded.model_tensors()) {
      const std::string name = tensor.name.substr(0, tensor.name.rfind('.'));
      if (!norm_before.count(name)) continue;
      ++written;
      const auto& weight = t[name + ".weight"];
      const std::size_t outputs = name.starts_with("actor.layers.0") ? 16 : name.starts_with("actor.layers.1") ? 12 : 2;
      const std::size_t inputs = weight.size() / outputs;
      const auto in = affine(norm_before.at(name), inputs);
      const auto out = affine(before ? name + ".norm" : "", outputs);
      std::vector<float> values;
      for (std::size_t o = 0; o < outputs; ++o) {
        double bias = t.count(name + ".bias") ? static_cast<double>(t[name + ".bias"][o]) : 0.0;
        for (std::size_t i = 0; i < inputs; ++i) {
          const double w = static_cast<double>(weight[o * inputs + i]);
          bias += w * in.second[i];
          if (tensor.name.ends_with("weight")) values.push_back(static_cast<float>(out.first[o] * w * in.first[i]));
        }
        if (tensor.name.ends_with("bias")) values.push_back(static_cast<float>(out.first[o] * bias + out.second[o]));
      }
      tensor.write(values);
    }
    EXPECT_EQ(written, 8);
    Rng rng(3, StreamKind::test);
    std::vector<float> obs(30), a(20), b(20);
    for (float& x : obs) x = static_cast<float>(rng.normal());
    EXPECT_TRUE(agent.act(obs, 10, true, std::span<Rng>{}, a));
    EXPECT_TRUE(folded.act(obs, 10, true, std::span<Rng>{}, b));
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 3e-6) << i;
  }
}

std::string refusal(const SacConfig& c, int num_actions = 0) {
  SacConfig config = c;
  config.num_actions = num_actions;
  std::string out;
  for (const SettingViolation& v : validate(config, 3, num_actions > 0 ? 1 : 2))
    out += v.key + " = " + v.message + "\n";
  return out;
}

TEST(BatchNormSettings, WhatHasNoMeaningIsRefused) {
  EXPECT_EQ(refusal(crossq()), "");
  EXPECT_EQ(refusal(crossq(), 3), "");
  const auto with = [](auto set) {
    SacConfig c = crossq();
    set(c);
    return c;
  };
  EXPECT_EQ(
      refusal(with([](SacConfig& c) { c.batch_size = 1; })),
      "batch_size = 1: must be at least 2 with norm_layer_critic = \"batch\", whose variances are those of a batch\n");
  EXPECT_EQ(
      refusal(with([](SacConfig& c) { c.joint_batch = JointBatch::both; })),
      "target_network = none: must be polyak unless joint_batch = \"online\", whose pass gives the values at s'\n");
  EXPECT_EQ(refusal(with([](SacConfig& c) { c.norm_layer_actor = c.norm_layer_critic = NormLayer::layer; })),
            "norm_input = true: needs norm_layer_actor or norm_layer_critic to be batch or batch_renorm\n");
  EXPECT_EQ(refusal(with([](SacConfig& c) {
              c.norm_layer_actor = c.norm_layer_critic = NormLayer::none;
              c.norm_input = false;
            })),
            "norm_place = after_activation: there is no norm to place; set norm_layer_actor or norm_layer_critic\n");
  EXPECT_EQ(refusal(with([](SacConfig& c) { c.n_target_actions = 4; })),
            "joint_batch = a joint batch holds one action for each s', here there are n_target_actions = 4 times "
            "actor_components = 1; leave it at off or set both to 1\n");
  EXPECT_NE(refusal(with([](SacConfig& c) { c.variant = Variant::state_value; })).find("norm_layer_critic = batch"),
            std::string::npos);
  EXPECT_NE(refusal(with([](SacConfig& c) { c.discrete_policy = DiscretePolicy::boltzmann; }), 3)
                .find("neither batch norms nor target_network = none"),
            std::string::npos);
  EXPECT_THROW(SacAgent(3, 2, with([](SacConfig& c) { c.batch_size = 1; }), 1), ConfigError);
}

}  // namespace
}  // namespace softac

// Full Jacobians in double by central differences: every activation, both heads, both policies and log σ rules, the
// critic, actor and state-value objectives. Outputs start as NaN; a deliberately wrong gradient must be rejected.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "agent/update.h"
#include "softac/rng.h"
#include "support/learner_variants.h"

namespace softac {
namespace {

// Whether `analytic` is d f / d x to 1e-6 relative or 1e-9 absolute, by fourth-order central differences with the
// better of two steps. Elements of x are changed in place and put back.
struct Check {
  int compared = 0;
  double worst = 0.0;  // largest error in units of the tolerance
};
Check compare_gradient(const std::function<double()>& f, const std::vector<double*>& x,
                       const std::vector<double>& analytic) {
  Check out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double best = std::numeric_limits<double>::infinity();
    for (double h : {1e-3, 1e-4, 1e-5}) {
      const double start = *x[i];
      const auto at = [&](double offset) {
        *x[i] = start + offset;
        const double value = f();
        *x[i] = start;
        return value;
      };
      const double numeric = (8.0 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0 * h);
      const double tolerance = std::max(1e-9, 1e-6 * std::fabs(numeric));
      const double error = std::fabs(analytic[i] - numeric) / tolerance;
      if (error < best) best = error;  // NaN never is
    }
    out.worst = std::max(out.worst, best);
    ++out.compared;
  }
  return out;
}

std::vector<double*> live_parameters(const ParamLayout& layout, double* base) {
  std::vector<double*> out;
  for (const Slot& slot : layout.slots()) {
    for (int o = 0; o < slot.out; ++o) {
      for (int i = 0; i < slot.in; ++i) out.push_back(base + slot.offset + slot.weight_index(o, i));
      if (slot.has_bias) out.push_back(base + slot.offset + slot.bias_index(o));
    }
  }
  return out;
}

std::vector<double> values_at(const std::vector<double*>& from, const double* old_base, const double* new_base) {
  std::vector<double> out;
  for (const double* p : from) out.push_back(new_base[p - old_base]);
  return out;
}

struct Setting {
  std::string name;
  SacConfig config;
  int obs_dim, act_dim;
};

std::vector<Setting> settings() {
  std::vector<Setting> out;
  for (Activation activation : {Activation::relu, Activation::tanh, Activation::elu, Activation::silu}) {
    for (PolicyKind policy : {PolicyKind::squashed_gaussian, PolicyKind::gaussian}) {
      for (LogStdRule rule : {LogStdRule::clamp, LogStdRule::tanh}) {
        SacConfig c;
        c.activation_fn = activation;
        c.policy = policy;
        c.log_std_rule = rule;
        c.log_std_min = -5;
        c.net_arch = policy == PolicyKind::gaussian ? std::vector<int>{18} : std::vector<int>{6, 5};
        c.n_critics = activation == Activation::tanh ? 1 : activation == Activation::elu ? 3 : 2;
        c.batch_size = 5;
        c.ent_coef_auto = false;
        c.ent_coef = 0.3;
        const std::string name = std::string(activation == Activation::relu   ? "relu"
                                             : activation == Activation::tanh ? "tanh"
                                             : activation == Activation::elu  ? "elu"
                                                                              : "silu") +
                                 (policy == PolicyKind::gaussian ? "_gaussian" : "_squashed") +
                                 (rule == LogStdRule::tanh ? "_tanh_rule" : "_clamp");
        out.push_back({name, c, activation == Activation::silu ? 17 : 3, rule == LogStdRule::tanh ? 1 : 2});
        if (activation != Activation::tanh) continue;
        c.actor_components = policy == PolicyKind::gaussian ? 2 : 3;
        out.push_back({"mixture_" + name, c, 3, 2});
      }
    }
  }
  return out;
}

// Every variant with an actor, smooth and small.
std::vector<Setting> variant_settings() {
  std::vector<Setting> out;
  for (const test::LearnerVariant& variant : test::learner_variants()) {
    if (!variant.has_actor || variant.name == "likelihood_ratio") continue;  // E13 is no derivative of the sampled loss
    SacConfig c;
    c.activation_fn = Activation::tanh;
    c.net_arch = {6, 5};
    c.batch_size = 5;
    c.ent_coef_auto = false;
    c.ent_coef = 0.3;
    c.num_actions = variant.num_actions;
    variant.set(c);
    c.renorm_warmup_steps = 1000000;  // behind it r and d, constants for the gradient, would change with the weights
    out.push_back({"variant_" + variant.name, c, 3, variant.num_actions > 0 ? 1 : 2});
  }
  return out;
}

std::vector<Setting> state_value_settings() {
  std::vector<Setting> out;
  for (Setting setting : settings()) {
    if (setting.config.policy == PolicyKind::gaussian || setting.config.log_std_rule == LogStdRule::tanh) continue;
    setting.config.variant = Variant::state_value;
    setting.config.reward_scale = 2.5;
    out.push_back(setting);
  }
  return out;
}

class Objectives : public testing::TestWithParam<Setting> {
 protected:
  Objectives() : sac_(GetParam().obs_dim, GetParam().act_dim, GetParam().config, 3, 1, "reference") {
    const auto batch = sac_.batch();
    Rng rng(11, StreamKind::test);
    for (int r = 0; r < 2 * batch.batch_size; ++r) {
      for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c)
        batch.x.at(r, c) = c < batch.obs_dim ? rng.normal() : rng.uniform(-1, 1);
    }
    for (int b = 0; b < batch.batch_size; ++b) {
      batch.reward[b] = rng.normal();
      batch.discount[b] = b == 0 ? 0.0 : 0.98;
    }
    for (int i = 0; i < 4 && sac_.state().obs_norm; ++i) {
      std::vector<double> obs(static_cast<std::size_t>(batch.obs_dim));
      for (double& x : obs) x = 1.0 + 2.0 * rng.normal();
      sac_.state().obs_norm->observe(std::span<const double>(obs));
    }
    for (int i = 0; i < 4 && sac_.state().reward_norm; ++i)
      sac_.state().reward_norm->observe(0, 3.0 * rng.normal(), i == 1);
    sac_.draw_noise();
    sac_.sample_policy();
    sac_.find_targets();
  }
  void fill_nan(Params<double>& params) {
    std::fill_n(params.grad, params.size, std::numeric_limits<double>::quiet_NaN());
  }

  SacUpdate<double> sac_;
};

TEST_P(Objectives, CriticGradientIsThatOfTheSumOfLosses) {
  auto& critic = sac_.state().critic;
  const auto loss = [&] {
    sac_.parameters_changed();
    return sac_.critic_gradients();
  };
  fill_nan(critic);
  loss();
  const auto x = live_parameters(sac_.state().critic_layout, critic.value);
  auto analytic = values_at(x, critic.value, critic.grad);
  const Check check = compare_gradient(loss, x, analytic);
  EXPECT_LE(check.worst, 1.0);
  EXPECT_EQ(check.compared, static_cast<int>(x.size()));
  // The checker rejects a gradient that is wrong in one element by 1e-5 of itself.
  loss();
  std::size_t largest = 0;
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    if (std::fabs(analytic[i]) > std::fabs(analytic[largest])) largest = i;
  }
  analytic[largest] *= 1 + 1e-5;
  EXPECT_GT(compare_gradient(loss, {x[largest]}, {analytic[largest]}).worst, 1.0);
}

TEST_P(Objectives, ActorGradientGoesThroughTheMinimisingCritic) {
  auto& actor = sac_.state().actor;
  const auto loss = [&] {
    sac_.parameters_changed();
    sac_.sample_policy();
    return sac_.actor_gradients();
  };
  fill_nan(actor);
  loss();
  const auto x = live_parameters(sac_.state().actor_layout, actor.value);
  const auto analytic = values_at(x, actor.value, actor.grad);
  const Check check = compare_gradient(loss, x, analytic);
  EXPECT_LE(check.worst, 1.0);
  EXPECT_EQ(check.compared, static_cast<int>(x.size()));
}

INSTANTIATE_TEST_SUITE_P(All, Objectives, testing::ValuesIn(settings()),
                         [](const auto& suite) { return suite.param.name; });

INSTANTIATE_TEST_SUITE_P(Variants, Objectives, testing::ValuesIn(variant_settings()),
                         [](const auto& suite) { return suite.param.name; });

class StateValueObjective : public Objectives {};

// J_V in ψ; the critics and the policy are as they are, and V_ψ̄(s') alone makes the targets.
TEST_P(StateValueObjective, GradientIsThatOfTheLoss) {
  auto& state = sac_.state();
  ASSERT_EQ(state.critic_target, nullptr);
  const auto batch = sac_.batch();
  sac_.actor_gradients();
  const auto loss = [&] { return sac_.value_gradients(); };
  fill_nan(state.value);
  const double start = loss();
  // The loss by itself, from Q and log π of the actor step's samples; ψ̄ is ψ before the first update.
  const auto& samples = sac_.samples();
  std::vector<double> v(static_cast<std::size_t>(batch.batch_size));
  for (int part = 0; part < samples.num_actions; ++part) {
    for (int b = 0; b < batch.batch_size; ++b) {
      for (int d = 0; d < batch.act_dim; ++d) batch.x.at(b, batch.obs_dim + d) = samples.action_row(b, part)[d];
    }
    sac_.critic_forward();
    for (int b = 0; b < batch.batch_size; ++b) {
      double least = sac_.critics().out(0).at(b, 0);
      for (int i = 1; i < GetParam().config.n_critics; ++i) least = std::min(least, sac_.critics().out(i).at(b, 0));
      const int i = samples.at(b, part);
      v[static_cast<std::size_t>(b)] += samples.weight[i] * (least - 0.3 * samples.log_pi[i]);
    }
  }
  double expected = 0.0;
  for (int b = 0; b < batch.batch_size; ++b) {
    const double error = sac_.state_value()[b] - v[static_cast<std::size_t>(b)];
    expected += error * error / batch.batch_size;
  }
  EXPECT_NEAR(start, expected, 1e-12);
  const auto x = live_parameters(state.value_layout, state.value.value);
  const Check check = compare_gradient(loss, x, values_at(x, state.value.value, state.value.grad));
  EXPECT_LE(check.worst, 1.0);
  EXPECT_EQ(check.compared, static_cast<int>(x.size()));
  for (int r = 0; r < batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim; ++c) batch.x.at(r, c) = batch.x.at(batch.batch_size + r, c);
  }
  sac_.find_targets();
  sac_.value_gradients();
  for (int b = 0; b < batch.batch_size; ++b)
    EXPECT_NEAR(sac_.targets()[b], 2.5 * batch.reward[b] + batch.discount[b] * sac_.state_value()[b], 1e-12);
}

INSTANTIATE_TEST_SUITE_P(All, StateValueObjective, testing::ValuesIn(state_value_settings()),
                         [](const auto& suite) { return suite.param.name; });

// One network alone: the whole Jacobian of its outputs with respect to parameters and inputs, row by row.
// All of them, as a thread pool would.
void weight_gradients(const Network<double>& net, const KernelTable<double>& k,
                      const Network<double>::WeightPass& pass) {
  for (int task = 0; task < net.num_weight_tasks(); ++task) net.weight_task(k, pass, task);
}

class NetworkJacobian : public testing::TestWithParam<Activation> {};

TEST_P(NetworkJacobian, OfEveryOutput) {
  for (const int outputs : {1, 3}) {
    for (const std::vector<int>& hidden : {std::vector<int>{}, {4}, {17, 3}, {3, 5, 4}}) {
      const int in = 4, rows = 3;
      Arena arena;
      const KernelTable<double>& k = *reference_table_double();
      ParamLayout layout;
      const Network<double> net("net", {in, hidden, outputs, GetParam()}, layout);
      Params<double> params(arena, layout.size());
      Rng rng(2, StreamKind::test);
      net.init(params.value, rng);
      auto x = arena.panels<double>(rows, in);
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < in; ++c) x.at(r, c) = rng.normal();
      }
      auto tape = net.make_tape(arena, rows);
      auto wt = net.make_transposes(arena, 1, 2);
      const auto d = net.make_gradients(arena, rows);
      const auto y = make_outputs<double>(arena, rows, outputs), d_y = make_outputs<double>(arena, rows, outputs);
      const auto d_x = arena.panels<double>(rows, 2);
      const auto parameters = live_parameters(layout, params.value);
      for (int r = 0; r < rows; ++r) {
        for (int o = 0; o < outputs; ++o) {
          const auto output = [&] {
            net.forward(k, params.value, x, tape, 0, y);
            return y.at(r, o);
          };
          output();
          net.transpose(k, params.value, wt);
          std::fill_n(params.grad, params.size, std::numeric_limits<double>::quiet_NaN());
          for (int i = 0; i < rows; ++i) {
            for (int c = 0; c < outputs; ++c) d_y.at(i, c) = i == r && c == o ? 1.0 : 0.0;
          }
          net.backward(k, params.value, tape, {}, wt, d_y, d, 0);
          weight_gradients(net, k, {x, tape, d, d_y, params.grad});
          EXPECT_LE(compare_gradient(output, parameters, values_at(parameters, params.value, params.grad)).worst, 1.0);
          for (int i = 0; i < rows; ++i) d_x.at(i, 0) = d_x.at(i, 1) = std::numeric_limits<double>::quiet_NaN();
          net.backward_input(k, params.value, wt, d_y, d, 0, d_x);
          for (int i = 0; i < rows; ++i) {
            const Check check = compare_gradient(output, {&x.at(i, 1), &x.at(i, 2)}, {d_x.at(i, 0), d_x.at(i, 1)});
            EXPECT_LE(check.worst, 1.0);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, NetworkJacobian,
                         testing::Values(Activation::relu, Activation::tanh, Activation::elu, Activation::silu));

// A state-value network reads the first columns of rows that go on with actions.
TEST(NetworkBackward, OfALinearNetworkLeavesWhatLiesBehindItsColumnsAlone) {
  Arena arena;
  const KernelTable<double>& k = *reference_table_double();
  ParamLayout layout;
  const Network<double> net("net", {3, {}, 1}, layout);
  Params<double> params(arena, layout.size());
  Rng rng(6, StreamKind::test);
  net.init(params.value, rng);
  const int rows = 4;
  auto wide = arena.panels<double>(rows, 5);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < 5; ++c) wide.at(r, c) = rng.normal();
  }
  const Panels<const double> x = wide.first_cols(3);
  const auto tape = net.make_tape(arena, rows);
  const auto d = net.make_gradients(arena, rows);
  const auto v = make_outputs<double>(arena, rows, 1), d_v = make_outputs<double>(arena, rows, 1);
  for (int r = 0; r < rows; ++r) d_v.at(r, 0) = rng.normal();
  net.forward(k, params.value, x, tape, 0, v);
  weight_gradients(net, k, {x, tape, d, d_v, params.grad});
  for (int c = 0; c < kLanes; ++c) {
    double expected = 0.0;
    for (int r = 0; r < rows && c < 3; ++r) expected += x.at(r, c) * d_v.at(r, 0);
    EXPECT_NEAR(params.grad[c], expected, 1e-12) << c;
  }
}

// The actor step takes the rows of a block in another order than the forward pass did.
TEST(NetworkBackward, TakesTheRowsOfItsTapeInAnyOrder) {
  Arena arena;
  const KernelTable<double>& k = *reference_table_double();
  ParamLayout layout;
  const Network<double> net("net", {3, {5, 4}, 1, Activation::elu}, layout);
  Params<double> params(arena, layout.size());
  Rng rng(6, StreamKind::test);
  net.init(params.value, rng);
  const int rows = 4, order[] = {2, 0, 3};
  auto x = arena.panels<double>(rows, 3);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < 3; ++c) x.at(r, c) = rng.normal();
  }
  const auto tape = net.make_tape(arena, rows);
  auto wt = net.make_transposes(arena, 0, 3);
  const auto straight = net.make_gradients(arena, rows), ordered = net.make_gradients(arena, rows);
  auto d_x = arena.panels<double>(rows, 3), d_x_ordered = arena.panels<double>(3, 3);
  const auto q = make_outputs<double>(arena, rows, 1), d_q = make_outputs<double>(arena, rows, 1),
             d_q_ordered = make_outputs<double>(arena, 3, 1);
  const double values[rows] = {1.0, -2.0, 0.5, 3.0};
  net.forward(k, params.value, x, tape, 0, q);
  net.transpose(k, params.value, wt);
  for (int i = 0; i < rows; ++i) d_q.at(i, 0) = values[i];
  net.backward(k, params.value, tape, {}, wt, d_q, straight, 0);
  net.backward_input(k, params.value, wt, d_q, straight, 0, d_x);
  for (int i = 0; i < 3; ++i) d_q_ordered.at(i, 0) = values[order[i]];
  net.backward(k, params.value, tape, {0, order}, wt, d_q_ordered, ordered, 1);
  net.backward_input(k, params.value, wt, d_q_ordered, ordered, 1, d_x_ordered);
  for (int i = 0; i < 3; ++i) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(d_x_ordered.at(i, c), d_x.at(order[i], c));
    for (int c = 0; c < 4; ++c) EXPECT_EQ(ordered.blocks[1].at(1 + i, c), straight.blocks[1].at(order[i], c));
  }
  EXPECT_NE(d_x.at(0, 0), d_x.at(2, 0));
}

// A wrong backward pass (ReLU's mask on tanh's output) must not pass the checker.
TEST(GradientChecker, RejectsAWrongLayer) {
  Arena arena;
  const KernelTable<double>& k = *reference_table_double();
  ParamLayout layout, wrong_layout;
  const Network<double> net("net", {3, {4, 4}, 1, Activation::tanh}, layout);
  const Network<double> wrong("net", {3, {4, 4}, 1, Activation::relu}, wrong_layout);
  Params<double> params(arena, layout.size());
  Rng rng(4, StreamKind::test);
  net.init(params.value, rng);
  auto x = arena.panels<double>(2, 3);
  for (int c = 0; c < 3; ++c) x.at(0, c) = x.at(1, c) = 0.5 + c;
  auto tape = net.make_tape(arena, 2);
  auto wt = net.make_transposes(arena, 0, 0);
  const auto d = net.make_gradients(arena, 2);
  const auto q = make_outputs<double>(arena, 2, 1), d_q = make_outputs<double>(arena, 2, 1);
  d_q.at(0, 0) = d_q.at(1, 0) = 1.0;
  const auto sum = [&] {
    net.forward(k, params.value, x, tape, 0, q);
    return q.at(0, 0) + q.at(1, 0);
  };
  sum();
  net.transpose(k, params.value, wt);
  const auto parameters = live_parameters(layout, params.value);
  net.backward(k, params.value, tape, {}, wt, d_q, d, 0);
  weight_gradients(net, k, {x, tape, d, d_q, params.grad});
  EXPECT_LE(compare_gradient(sum, parameters, values_at(parameters, params.value, params.grad)).worst, 1.0);
  sum();
  wrong.backward(k, params.value, tape, {}, wt, d_q, d, 0);
  weight_gradients(wrong, k, {x, tape, d, d_q, params.grad});
  EXPECT_GT(compare_gradient(sum, parameters, values_at(parameters, params.value, params.grad)).worst, 1e3);
}

}  // namespace
}  // namespace softac

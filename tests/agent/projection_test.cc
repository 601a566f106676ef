// Projection of weights (weight_norm): the vectors of the method, and what holds after every step of a learner.
#include "nn/projection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "agent/update.h"
#include "softac/agent.h"

namespace softac {
namespace {

// Length of the weights into output o.
template <class T>
double length(const Slot& slot, int o, const T* params) {
  double squares = 0.0;
  for (int i = 0; i < slot.in; ++i) {
    const auto w = static_cast<double>(params[slot.offset + slot.weight_index(o, i)]);
    squares += w * w;
  }
  return std::sqrt(squares);
}

// max |length − 1| over all outputs; norms apart.
template <class T>
double farthest_from_one(const ParamLayout& layout, const T* params) {
  double worst = 0.0;
  for (const Slot& slot : layout.slots()) {
    for (int o = 0; o < slot.out && slot.kind != SlotKind::norm; ++o)
      worst = std::max(worst, std::fabs(length(slot, o, params) - 1.0));
  }
  return worst;
}

void fill(BatchView<float> batch, std::uint64_t seed) {
  Rng rng(seed, StreamKind::test);
  for (int r = 0; r < 2 * batch.batch_size; ++r) {
    for (int c = 0; c < batch.obs_dim + batch.act_dim; ++c) batch.x.at(r, c) = static_cast<float>(rng.uniform(-1, 1));
  }
  for (int b = 0; b < batch.batch_size; ++b) {
    batch.reward[b] = static_cast<float>(rng.normal());
    batch.discount[b] = 0.99f;
  }
}

// methods T8: (γ, β) = ((1.2, .9, 1.1), (.1, −.3, .2)) of a norm over three features.
TEST(Projection, OfANorm) {
  ParamLayout layout;
  const Slot slot = layout.add({"norm", 1, 3, SlotKind::norm});
  std::vector<double> params(static_cast<std::size_t>(layout.size()));
  const double gamma[] = {1.2, 0.9, 1.1}, beta[] = {0.1, -0.3, 0.2},
               new_gamma[] = {1.0954451135, 0.8215838351, 1.0041580207},
               new_beta[] = {0.0912870928, -0.2738612784, 0.1825741856};
  const auto set = [&](bool with_beta) {
    for (int o = 0; o < 3; ++o) {
      params[static_cast<std::size_t>(slot.weight_index(o, 0))] = gamma[o];
      params[static_cast<std::size_t>(slot.bias_index(o))] = with_beta ? beta[o] : 0.0;
    }
  };
  set(true);
  Projection<double>(WeightNorm::rows, layout).apply(params.data());
  EXPECT_EQ(params[0], 1.2) << "rows leaves norms alone";
  Projection<double>(WeightNorm::rows_and_norms, layout).apply(params.data());
  for (int o = 0; o < 3; ++o) {
    EXPECT_NEAR(params[static_cast<std::size_t>(slot.weight_index(o, 0))], new_gamma[o], 6e-11);
    EXPECT_NEAR(params[static_cast<std::size_t>(slot.bias_index(o))], new_beta[o], 6e-11);
  }
  set(false);  // an RMS norm: Σγ² = d
  const double rms[] = {1.1173875378, 0.8380406534, 1.0242719097};
  Projection<double>(WeightNorm::rows_and_norms, layout).apply(params.data());
  for (int o = 0; o < 3; ++o) EXPECT_NEAR(params[static_cast<std::size_t>(slot.weight_index(o, 0))], rms[o], 6e-11);
}

TEST(Projection, RowsHaveLengthOneAndBiasesAreFree) {
  ParamLayout layout;
  const Slot wide = layout.add({"a", 37, 70, SlotKind::matrix}), column = layout.add({"b", 70, 1, SlotKind::column});
  std::vector<float> params(static_cast<std::size_t>(layout.size()));
  Rng rng(1, StreamKind::test);
  for (const Slot& slot : layout.slots()) {
    for (int o = 0; o < slot.out; ++o) {
      const double size = o == 5 ? 0.0 : std::exp(3.0 * rng.normal());  // weights of 0 stay
      for (int i = 0; i < slot.in; ++i)
        params[static_cast<std::size_t>(slot.offset + slot.weight_index(o, i))] =
            static_cast<float>(size * rng.normal());
      params[static_cast<std::size_t>(slot.offset + slot.bias_index(o))] = 2.5f;
    }
  }
  const std::vector<float> before = params;
  Projection<float>(WeightNorm::none, layout).apply(params.data());
  EXPECT_EQ(params, before);
  const Projection<float> rows(WeightNorm::rows, layout);
  rows.apply(params.data());
  for (int o = 0; o < 70; ++o) {
    EXPECT_NEAR(length(wide, o, params.data()), o == 5 ? 0.0 : 1.0, 2e-7) << o;
    EXPECT_EQ(params[static_cast<std::size_t>(wide.bias_index(o))], 2.5f);
  }
  EXPECT_NEAR(length(column, 0, params.data()), 1.0, 2e-7);
  EXPECT_EQ(params[static_cast<std::size_t>(column.offset + column.bias_index(0))], 2.5f);
  for (const int threads : {1, 3}) {
    std::vector<float> again = before;
    Backend<float> backend("portable", threads);
    rows.apply(backend, again.data());
    EXPECT_EQ(std::memcmp(again.data(), params.data(), params.size() * sizeof(float)), 0) << threads;
  }
}

// Properties: lengths after every step, of the targets at most 1, targets equal to the networks at the start; moments
// are Adam's own.
TEST(Projection, HoldsAfterEveryStepOfALearner) {
  for (const WeightNorm rule : {WeightNorm::rows, WeightNorm::rows_and_norms}) {
    SacConfig config;
    config.net_arch = {40, 33};
    config.batch_size = 20;
    config.norm_layer_actor = config.norm_layer_critic = NormLayer::layer;
    config.learning_rate = 1e-2;
    config.tau = 0.1;
    config.weight_norm = rule;
    SacUpdate<float> sac(5, 2, config, 1, 1, "portable");
    auto& state = sac.state();
    for (std::int64_t i = 0; i < state.critic.size; ++i) ASSERT_EQ(state.critic_target[i], state.critic.value[i]);
    for (std::uint64_t step = 0; step < 10; ++step) {
      EXPECT_LE(farthest_from_one(state.critic_layout, state.critic.value), 4e-7);
      EXPECT_LE(farthest_from_one(state.actor_layout, state.actor.value), 4e-7);
      for (const Slot& slot : state.critic_layout.slots()) {
        for (int o = 0; o < slot.out && slot.kind != SlotKind::norm; ++o)
          EXPECT_LE(length(slot, o, state.critic_target), 1.0 + 4e-7);
        if (slot.kind != SlotKind::norm) continue;
        double squares = 0.0;
        for (std::int64_t i = 0; i < slot.size(); ++i) {
          const auto x = static_cast<double>(state.critic.value[slot.offset + i]);
          squares += x * x;
        }
        if (rule == WeightNorm::rows_and_norms) {
          EXPECT_NEAR(squares, slot.out, 1e-5 * slot.out);
        } else if (step > 0) {
          EXPECT_GT(std::fabs(squares - slot.out), 1e-3);
        }
      }
      fill(sac.batch(), step);
      EXPECT_TRUE(sac.run().finite);
    }
  }
}

// One step by hand: Adam, then the rows, then E12 towards the projected weights; the transposes that the next gradient
// reads are those of the projected weights (a learner with fresh ones goes on alike).
TEST(Projection, ComesBetweenAdamAndThePolyakStep) {
  SacConfig config;
  config.net_arch = {24, 17};
  config.batch_size = 8;
  config.tau = 0.25;
  SacConfig plain = config;
  config.weight_norm = WeightNorm::rows;
  SacUpdate<double> a(4, 2, config, 3, 1, ""), b(4, 2, plain, 3, 1, "");
  const auto copy = [](SacUpdate<double>& from, SacUpdate<double>& to) {
    for (const auto& [x, y] :
         {std::pair(&from.state().critic, &to.state().critic), std::pair(&from.state().actor, &to.state().actor)}) {
      std::copy_n(x->value, x->size, y->value);
      std::copy_n(x->m, x->size, y->m);
      std::copy_n(x->v, x->size, y->v);
    }
    std::copy_n(from.state().critic_target, from.state().critic.size, to.state().critic_target);
    to.state().log_alpha.value[0] = from.state().log_alpha.value[0];
    to.parameters_changed();
  };
  for (int step = 0; step < 3; ++step) {
    copy(a, b);
    std::vector<double> target(b.state().critic_target, b.state().critic_target + b.state().critic.size);
    Rng rng(static_cast<std::uint64_t>(step), StreamKind::test);
    for (SacUpdate<double>* sac : {&a, &b}) {
      Rng draws = rng;
      const auto batch = sac->batch();
      for (int r = 0; r < 16; ++r) {
        for (int c = 0; c < 6; ++c) batch.x.at(r, c) = draws.uniform(-1, 1);
      }
      for (int i = 0; i < 8; ++i) batch.reward[i] = draws.normal(), batch.discount[i] = 0.9;
      sac->state().noise = draws;
      sac->draw_noise();
    }
    a.run_with_noise();
    // b's critics as they stand before its actor reads them: from the gradient of the same batch.
    b.sample_policy();
    b.find_targets();
    b.critic_gradients();
    auto& critic = b.state().critic;
    for (std::int64_t i = 0; i < critic.size; ++i) ASSERT_EQ(critic.grad[i], a.state().critic.grad[i]) << step;
    Optimiser<double> adam(optimiser_rule(plain, -1.0), critic, nullptr, b.state().arena);
    Backend<double> backend("", 1);
    adam.step(backend, step + 1);
    Projection<double>(WeightNorm::rows, b.state().critic_layout).apply(critic.value);
    for (std::int64_t i = 0; i < critic.size; ++i) {
      ASSERT_EQ(a.state().critic.value[i], critic.value[i]);
      ASSERT_EQ(a.state().critic.m[i], critic.m[i]);
      ASSERT_EQ(a.state().critic.v[i], critic.v[i]);
      ASSERT_NEAR(a.state().critic_target[i], 0.25 * critic.value[i] + 0.75 * target[static_cast<std::size_t>(i)],
                  1e-15);
    }
  }
}

}  // namespace
}  // namespace softac

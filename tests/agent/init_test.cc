// First values of weights: their distributions, and which layers take which.
#include "nn/init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "agent/state.h"
#include "softac/agent.h"
#include "softac/error.h"

namespace softac {
namespace {

struct Layer {
  int in, out;
  std::vector<double> weight, bias;  // (out, in), (out)
  double at(int o, int i) const {
    return weight[static_cast<std::size_t>(o) * static_cast<std::size_t>(in) + static_cast<std::size_t>(i)];
  }
};

Layer read(const Slot& slot, int first, int count, const double* params) {
  Layer out{slot.in, count, {}, {}};
  for (int o = first; o < first + count; ++o) {
    for (int i = 0; i < slot.in; ++i) out.weight.push_back(params[slot.offset + slot.weight_index(o, i)]);
    out.bias.push_back(params[slot.offset + slot.bias_index(o)]);
  }
  return out;
}

Layer made(WeightInit rule, int in, int out, std::uint64_t seed = 1) {
  ParamLayout layout;
  const Slot slot = layout.add({"layer", in, out, out == 1 ? SlotKind::column : SlotKind::matrix});
  std::vector<double> params(static_cast<std::size_t>(layout.size()));
  Rng rng(seed, StreamKind::init);
  init_weights(rule, slot, 0, out, params.data(), rng);
  return read(slot, 0, out, params.data());
}

double std_of(const std::vector<double>& x) {
  double sum = 0.0, squares = 0.0;
  for (const double v : x) sum += v, squares += v * v;
  const double n = static_cast<double>(x.size());
  return std::sqrt(squares / n - sum / n * (sum / n));
}

double largest(const std::vector<double>& x) {
  double most = 0.0;
  for (const double v : x) most = std::max(most, std::fabs(v));
  return most;
}

TEST(Init, SpreadAndBounds) {
  constexpr int kIn = 300, kOut = 200;
  struct Expected {
    WeightInit rule;
    double std, bound;
  };
  const double lecun = std::sqrt(1.0 / kIn), he = std::sqrt(2.0 / kIn), xavier = std::sqrt(6.0 / (kIn + kOut));
  constexpr double kCut = 0.87962566103423978;
  for (const Expected& e :
       {Expected{WeightInit::torch, lecun / std::sqrt(3.0), lecun},
        Expected{WeightInit::lecun_normal, lecun, 2 * lecun / kCut}, Expected{WeightInit::he_normal, he, 2 * he / kCut},
        Expected{WeightInit::xavier_uniform, xavier / std::sqrt(3.0), xavier}, Expected{WeightInit::zero, 0.0, 0.0}}) {
    const Layer layer = made(e.rule, kIn, kOut);
    EXPECT_NEAR(std_of(layer.weight), e.std, 0.01 * e.std) << static_cast<int>(e.rule);
    EXPECT_LE(largest(layer.weight), e.bound);
    EXPECT_GE(largest(layer.weight), 0.99 * e.bound);
    if (e.rule == WeightInit::torch)
      EXPECT_GT(std_of(layer.bias), 0.4 * lecun);
    else
      EXPECT_EQ(largest(layer.bias), 0.0);
  }
}

TEST(Init, OrthonormalRowsOrColumns) {
  for (const auto& [in, out] :
       {std::pair(40, 40), std::pair(70, 23), std::pair(17, 64), std::pair(9, 1), std::pair(1, 5)}) {
    for (const auto& [rule, square] :
         {std::pair(WeightInit::orthogonal, 1.0), std::pair(WeightInit::orthogonal_sqrt2, 2.0)}) {
      const Layer w = made(rule, in, out);
      const bool rows = out <= in;
      for (int a = 0; a < std::min(in, out); ++a) {
        for (int b = 0; b <= a; ++b) {
          double product = 0.0;
          for (int k = 0; k < std::max(in, out); ++k)
            product += rows ? w.at(a, k) * w.at(b, k) : w.at(k, a) * w.at(k, b);
          EXPECT_NEAR(product, a == b ? square : 0.0, 1e-14) << in << " → " << out << ", " << a << ", " << b;
        }
      }
      EXPECT_EQ(largest(w.bias), 0.0);
    }
  }
}

// Every orientation is as likely: the mean of an entry over many draws is 0, of its square 1/length.
TEST(Init, OrthogonalMatricesHaveNoPreferredDirection) {
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 4000;
  for (int seed = 0; seed < kDraws; ++seed) {
    const double x = made(WeightInit::orthogonal, 4, 3, static_cast<std::uint64_t>(seed)).at(2, 1);
    sum += x / kDraws;
    squares += x * x / kDraws;
  }
  EXPECT_NEAR(sum, 0.0, 4 * 0.5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares, 0.25, 0.02);
}

TEST(Init, LayersOfALearner) {
  SacConfig config;
  config.net_arch = {30, 20};
  config.kernel_init = WeightInit::lecun_normal;
  config.head_init = WeightInit::orthogonal;
  const LearnerState<double> state(5, 3, config, 1, 1);
  const Slot &hidden = state.actor_layout.slots()[1], &head = state.actor_layout.slots()[2];
  EXPECT_LE(largest(read(hidden, 0, 20, state.actor.value).weight), 2 * std::sqrt(1.0 / 30) / 0.8796);
  for (const int part : {0, 3}) {  // μ and log σ are layers of their own
    const Layer layer = read(head, part, 3, state.actor.value);
    for (int o = 0; o < 3; ++o) {
      double square = 0.0;
      for (int i = 0; i < 20; ++i) square += layer.at(o, i) * layer.at(o, i);
      EXPECT_NEAR(square, 1.0, 1e-14);
    }
  }
  double across = 0.0;
  const Layer both = read(head, 0, 6, state.actor.value);
  for (int i = 0; i < 20; ++i) across += both.at(0, i) * both.at(3, i);
  EXPECT_GT(std::fabs(across), 1e-6) << "not orthogonal to each other";
}

TEST(Init, ZeroIsForTheActorsHeadAlone) {
  SacConfig config;
  config.net_arch = {30, 20};
  config.head_init = WeightInit::zero;
  const LearnerState<double> state(5, 3, config, 1, 1);
  const SacConfig plain = [&] {
    SacConfig c = config;
    c.head_init = WeightInit::torch;
    return c;
  }();
  const LearnerState<double> torch(5, 3, plain, 1, 1);
  EXPECT_EQ(largest(read(state.actor_layout.slots()[2], 0, 6, state.actor.value).weight), 0.0);
  EXPECT_EQ(state.actor.value[0], torch.actor.value[0]);
  for (std::int64_t i = 0; i < state.critic.size; ++i) ASSERT_EQ(state.critic.value[i], torch.critic.value[i]);
  config.kernel_init = WeightInit::zero;
  EXPECT_THROW(SacAgent(5, 3, config, 1), ConfigError);
}

}  // namespace
}  // namespace softac
